// A real browser, logged in here, opens a page of a stranger: on another port of the same host,
// where the cookie goes along, and on another host. Nothing that page tries may work (S3, CSWSH).
import { createServer, type Server } from 'node:http'
import type { BrowserContext, Page } from 'playwright-core'
import { chromiumPath, openBrowser } from '../../support/browser.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { sessionWords, type Target } from '../target.ts'
import { listening, within } from '../wire.ts'
import {
  eventsWords,
  fetchWords,
  formWords,
  frameWords,
  scriptWords,
  socketWords,
} from './page-tricks.ts'

const ROOM = 'attack:browser'
/** Either the cookie came along and the origin was wrong, or it did not come at all (SameSite). */
const REFUSED = /^40[13]$/

export const secondOrigin: Family = {
  title: 'second-origin',
  homes: ['alone'],
  parts: [onPages],
}

async function onPages(target: Target): Promise<Attack[]> {
  if (!chromiumPath()) return [noBrowser()]
  const seat = await sit(target)
  const { victim, evilPort } = seat
  const sandboxed = `http://localhost:${evilPort}/sandboxed`
  const on = (where: string, url: string, tricks: Trick[]): Attack[] =>
    onPage(where, () => seat.page(url), tricks)
  return [
    ...on('our own page', target.url, own(target)),
    ...on('another port', `http://localhost:${evilPort}`, evil(target)),
    ...on('another host', `http://127.0.0.1:${evilPort}`, chosen(target)),
    ...on('a page without origin', sandboxed, chosen(target)),
    attack(
      'the victim is still logged in, and said nothing',
      'GET /session, and what the room heard',
      'session stands, 1 message',
      async () => {
        const words = await sessionWords(target, target.victim)
        const accepted = [...target.server.program.output.matchAll(publishedLine)].length
        await victim.close()
        await seat.end()
        return `${words}, ${accepted} message`
      },
    ),
  ]
}

const publishedLine = new RegExp(`"path":"/rooms/${ROOM}/messages","status":201`, 'g')

interface Seat {
  victim: BrowserContext
  evilPort: number
  page(url: string): Promise<Page>
  end(): Promise<void>
}

function noBrowser(): Attack {
  const run = async () => 'no Chromium on the PATH'
  return attack('a browser', 'nothing', 'Chromium', run)
}

/** The victim's browser with the cookie in it, and a server of the stranger's pages. */
async function sit(target: Target): Promise<Seat> {
  const ends: (() => unknown)[] = []
  const browser = await openBrowser({ teardown: (run) => ends.push(run) })
  const victim = await browser.newContext()
  victim.setDefaultTimeout(10_000)
  const [name = '', value = ''] = target.victim.browser.cookie.split('=')
  await victim.addCookies([
    { name, value, domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Lax' },
  ])
  const { server, port } = await evilPages()
  const page = async (url: string): Promise<Page> => {
    const opened = await victim.newPage()
    await opened.goto(url)
    return opened
  }
  return {
    victim,
    evilPort: port,
    page,
    end: async () => {
      server.closeAllConnections()
      server.close()
      for (const end of ends) await end()
    },
  }
}

async function evilPages(): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    const sandbox = 'sandbox allow-scripts allow-forms'
    if (request.url === '/sandboxed') response.setHeader('content-security-policy', sandbox)
    response.end('<!doctype html><title>evil</title><body>')
  })
  return { server, port: await listening(server) }
}

/** Something that runs on a page, and what must come of it. */
type Trick = [name: string, expected: string | RegExp, play: (page: Page) => Promise<string>]

/** One page for all tricks, until one of them leaves it. */
function onPage(where: string, open: () => Promise<Page>, tricks: Trick[]): Attack[] {
  let kept: Page | null = null
  return tricks.map(([name, expected, play], at) =>
    attack(`${where}: ${name}`, name, expected, async () => {
      const page = kept ?? (await open())
      kept = page
      const words = await within(9_000, play(page), 'no outcome')
      if (name.startsWith('form') || at === tricks.length - 1) {
        await page.close()
        kept = null
      }
      return words
    }),
  )
}

/** What works for our own page, so that the refusals below are about whose page it is. */
function own({ url }: Target): Trick[] {
  return [
    ['WebSocket', 'open', (page) => socketWords(page, `${url}/rooms/${ROOM}`)],
    ['POST a message', '201', (page) => fetchWords(page, `${url}/rooms/${ROOM}/messages`, 'POST')],
  ]
}

/** In the short form the first of each kind, since a page takes its time. */
function chosen(target: Target): Trick[] {
  const tricks = evil(target)
  return target.short ? tricks.filter((_, at) => at % 3 === 0) : tricks
}

function evil(target: Target): Trick[] {
  return [...connecting(target), ...fetching(target), ...sendingForms(target), ...showing(target)]
}

function connecting({ url }: Target): Trick[] {
  const room = `${url}/rooms/${ROOM}`
  return [
    ['WebSocket with the cookie', 'closed 1006', (page) => socketWords(page, room)],
    ['EventSource', 'error', (page) => eventsWords(page, room)],
  ]
}

function fetching({ url }: Target): Trick[] {
  const tricks: [name: string, path: string, method: string, type?: string][] = [
    ['read the session', '/session', 'GET'],
    ['log out', '/session', 'DELETE'],
    ['get a ticket', '/tickets', 'POST', 'application/json'],
    ['publish, blind', `/rooms/${ROOM}/messages`, 'POST'],
  ]
  return tricks.map(([name, path, method, type]) => {
    return [
      `fetch to ${name}`,
      'refused',
      (page) => fetchWords(page, `${url}${path}`, method, type),
    ]
  })
}

/** A form needs no leave to be sent, so here the server alone refuses. */
function sendingForms({ url }: Target): Trick[] {
  const tricks: [name: string, path: string, type: string][] = [
    ['publish text', `/rooms/${ROOM}/messages`, 'text/plain'],
    ['log in as JSON in text', '/session', 'text/plain'],
    ['log in, urlencoded', '/session', 'application/x-www-form-urlencoded'],
    ['sign up', '/accounts', 'text/plain'],
    ['get a ticket', '/tickets', 'text/plain'],
  ]
  return tricks.map(([name, path, type]) => {
    return [`form to ${name}`, REFUSED, (page) => formWords(page, `${url}${path}`, type)]
  })
}

function showing({ url }: Target): Trick[] {
  return [
    ['iframe of our page', 'not shown', (page) => frameWords(page, url)],
    ['script from our API', 'error', (page) => scriptWords(page, `${url}/session`)],
  ]
}
