// What a page can try by itself. What runs in the page is text here: that code is the page's.
import type { Page } from 'playwright-core'
import { pause } from '../wire.ts'

/** Runs the body of an async function of `args` in the page. */
function inPage(page: Page, body: string, ...args: readonly string[]): Promise<string> {
  return page.evaluate(`(async (args) => { ${body} })(${JSON.stringify(args)})`)
}

export function socketWords(page: Page, url: string): Promise<string> {
  const body = `return new Promise((resolve) => {
    const socket = new WebSocket(args[0])
    socket.onopen = () => resolve('open')
    socket.onclose = ({ code }) => resolve('closed ' + code)
  })`
  return inPage(page, body, url.replace('http', 'ws'))
}

export function fetchWords(page: Page, url: string, method: string, type = 'text/plain') {
  const body = `
    const post = args[1] === 'POST' ? { body: '{}', headers: { 'content-type': args[2] } } : {}
    const init = { method: args[1], credentials: 'include', ...post }
    return fetch(args[0], init).then(({ status }) => String(status), () => 'refused')`
  return inPage(page, body, url, method, type)
}

export function eventsWords(page: Page, url: string): Promise<string> {
  const body = `return new Promise((resolve) => {
    const source = new EventSource(args[0], { withCredentials: true })
    source.onopen = () => resolve('open')
    source.onerror = () => { source.close(); resolve('error') }
  })`
  return inPage(page, body, url)
}

/** A form needs no leave to be sent: the status is what the server made of it. */
export async function formWords(page: Page, url: string, enctype: string): Promise<string> {
  const answered = page.waitForResponse((response) => response.url() === url)
  const body = `
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: args[0], enctype: args[1] })
    const field = document.createElement('input')
    field.name = '{"username":"stranger","password":"correct horse battery","x":"'
    field.value = '"}'
    form.append(field)
    document.body.append(form)
    form.submit()
    return ''`
  await inPage(page, body, url, enctype)
  const response = await answered
  const cookie = await response.headerValue('set-cookie')
  return cookie === null ? String(response.status()) : `${response.status()} sets a cookie`
}

export async function frameWords(page: Page, url: string): Promise<string> {
  const body = `
    const frame = document.createElement('iframe')
    frame.src = args[0]
    document.body.append(frame)
    return ''`
  await inPage(page, body, url)
  await pause(500)
  const shown = page.frames().some((frame) => frame.url().startsWith(url))
  return shown ? 'shown' : 'not shown'
}

export function scriptWords(page: Page, url: string): Promise<string> {
  const body = `return new Promise((resolve) => {
    const script = document.createElement('script')
    script.onload = () => resolve('loaded')
    script.onerror = () => resolve('error')
    script.src = args[0]
    document.body.append(script)
  })`
  return inPage(page, body, url)
}
