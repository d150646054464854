// A client of npm's centrifuge in a page of Chromium: its browser build, as a page would load it.
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { until } from '../support/until.ts'

export const DIST = join(import.meta.dirname, '../../node_modules/centrifuge/dist')

export type Transport = 'websocket' | 'http_stream' | 'sse'

export interface PageOptions {
  /** The page's own origin. */
  origin: string
  /** In the order in which the SDK tries them. */
  transports: readonly { transport: Transport; endpoint: string }[]
  isProtobuf?: boolean
}

export interface PageHeard {
  event: string
  code?: number
  room?: string
  data?: unknown
  offset?: number
  recovered?: boolean
  transport?: string
}

/** Runs in the page: it has the SDK as `Centrifuge`, and leaves its client in `client`. */
const START = `({ transports, emulation, isProtobuf }) => {
  const read = (data) =>
    data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data
  window.write = (data) => isProtobuf ? new TextEncoder().encode(JSON.stringify(data)) : data
  window.heard = []
  const hear = (event, more) => heard.push({ event, ...more })
  window.client = new Centrifuge(transports, {
    emulationEndpoint: emulation, minReconnectDelay: 20, maxReconnectDelay: 200,
  })
  client.on('connected', ({ transport }) => hear('connected', { transport }))
  client.on('connecting', ({ code }) => hear('connecting', { code }))
  client.on('disconnected', ({ code }) => hear('disconnected', { code }))
  window.join = (room) => {
    const subscription = client.newSubscription(room, { recoverable: true })
    subscription.on('subscribed', ({ recovered }) => hear('subscribed', { room, recovered }))
    subscription.on('unsubscribed', ({ code }) => hear('unsubscribed', { room, code }))
    subscription.on('publication', ({ data, offset }) => {
      hear('message', { room, data: read(data), offset })
    })
    subscription.subscribe()
  }
}`

export class PageClient {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** What it heard so far. */
  heard(): Promise<PageHeard[]> {
    return this.page.evaluate('heard') as Promise<PageHeard[]>
  }

  of(event: string): Promise<PageHeard[]> {
    return this.page.evaluate(`heard.filter(({ event }) => event === '${event}')`)
  }

  /** Waits until this many of these events were heard, and gives the last of them. */
  async hears(event: string, count = 1): Promise<PageHeard> {
    const what = `${count} times ${event} in the page`
    const ready = async () => (await this.#count(event)) >= count
    await until(ready, { what }).catch(async (error) => {
      throw new Error(`${error.message}: ${JSON.stringify((await this.heard()).slice(-20))}`)
    })
    return (await this.of(event))[count - 1] as PageHeard
  }

  /** What waits for the next of these events from now on. */
  async next(event: string): Promise<() => Promise<PageHeard>> {
    const count = await this.#count(event)
    return () => this.hears(event, count + 1)
  }

  #count(event: string): Promise<number> {
    return this.page.evaluate(`heard.filter(({ event }) => event === '${event}').length`)
  }

  /** Runs code of the page, such as `client.connect()`. */
  run(code: string): Promise<unknown> {
    return this.page.evaluate(code)
  }
}

/** A window of a user who is logged in, by the cookie alone. */
export async function loggedIn(t: Test, browser: Browser, origin: string, cookie: string) {
  const context = await browser.newContext({ bypassCSP: true })
  t.teardown(() => context.close())
  const [name = '', value = ''] = cookie.split('=')
  await context.addCookies([{ name, value, url: origin, httpOnly: true }])
  return context
}

/** A client on a page of that origin; it does not connect yet. */
export async function pageClient(context: BrowserContext, options: PageOptions) {
  const { origin, transports, isProtobuf = false } = options
  const page = await context.newPage()
  await page.goto(`${origin}/health/live`)
  const script = isProtobuf ? 'centrifuge.protobuf.js' : 'centrifuge.js'
  await page.addScriptTag({ path: join(DIST, script) })
  const given = { transports, isProtobuf, emulation: `${origin}/emulation` }
  await page.evaluate(`(${START})(${JSON.stringify(given)})`)
  return new PageClient(page)
}
