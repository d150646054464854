// Usher in production behind nginx, HAProxy and Caddy that end TLS, each with the configuration of
// deploy/: log-in, WebSockets, event streams, addresses, quiet connections, and a real browser.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import { Visitor } from '../public/plain/visitor.ts'
import { SERVER_KEY } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { certificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { asServer, PASSWORD } from '../support/people.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { until } from '../support/until.ts'
import { HttpsClient, OWN_ADDRESS } from './https-client.ts'
import {
  type Changes,
  nginx,
  PROXIES,
  type ProxyKind,
  type RunningProxy,
  startProxy,
} from './proxies.ts'

const TLS = certificate()
const SECRET = randomBytes(32).toString('hex')
const ROOM = '/rooms/chat:proxied'

interface Scene {
  server: ServerProcess
  proxy: RunningProxy
  client: HttpsClient
  /** The headers of a browser that has logged in. */
  browser: { cookie: string; origin: string }
}

/** Usher in production with a heartbeat of a second, the proxy, and a user who is logged in. */
async function setUp(t: Test, kind: ProxyKind): Promise<Scene> {
  const folder = t.testdir({})
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const rules = join(folder, 'rules.json')
  writeFileSync(rules, JSON.stringify({ heartbeat: { pingSeconds: 1, pongSeconds: 1 } }))
  const server = await startServer(t, {
    ...{ NODE_ENV: 'production', USHER_SECRET: SECRET, USHER_DATA: join(folder, 'data') },
    ...{ HOST: '127.0.0.1', USHER_PUBLIC_URL: origin, USHER_TRUST_PROXY: '127.0.0.1' },
    ...{ USHER_SIGNUP: 'open', USHER_API_KEYS: `backend:${SERVER_KEY}`, USHER_CONFIG: rules },
  })
  const proxy = await startProxy(t, kind, {
    ...{ folder, certificate: TLS, usher: server.url, port, further: kind.compressing },
  })
  const client = new HttpsClient(proxy.url, TLS.cert)
  const account = { username: 'ada', password: PASSWORD }
  await client.ask('POST', '/accounts', { origin }, account)
  const logIn = await client.ask('POST', '/session', { origin }, account)
  const [cookie = ''] = logIn.headers['set-cookie'] ?? []
  const browser = { cookie: cookie.split(';')[0] ?? '', origin }
  return { server, proxy, client, browser }
}

async function say(client: HttpsClient, text: string): Promise<number> {
  return (await client.ask('POST', `${ROOM}/messages`, asServer, text)).status
}

async function passesWebSockets(t: Test, { client, browser }: Scene): Promise<void> {
  t.match(browser.cookie, /^__Host-usher=/)
  const byCookie = await client.webSocket(ROOM, browser)
  const order = await client.ask('POST', '/tickets', browser, { rooms: ['chat:proxied'] })
  const { pathname, search, origin } = new URL(order.body.url)
  t.equal(origin, browser.origin.replace('https', 'wss'))
  const byTicket = await client.webSocket(pathname + search)
  const large = 'a'.repeat(60_000)
  byCookie.send(large)
  t.equal(await byTicket.text(), large)
  byTicket.send(Buffer.from([0, 1, 255]))
  t.equal(await byCookie.text(), large, 'its own echo')
  t.same((await byCookie.next()).data, Buffer.from([0, 1, 255]))
  t.equal((await byTicket.close()).code, 1000)
  t.equal((await byCookie.close()).code, 1000)
}

async function passesEvents(t: Test, { client, browser }: Scene): Promise<void> {
  const reader = await client.follow(ROOM, { ...browser, 'accept-encoding': 'gzip' })
  // Each is awaited before the next: a proxy that gathers them would hold it back.
  for (const text of ['one', 'two', 'three']) {
    t.equal(await say(client, text), 201)
    t.equal(await reader.message(), JSON.stringify(text))
  }
  reader.stop()
}

/** So that the streams show something: other answers are compressed. */
async function compresses(t: Test, { client, browser }: Scene): Promise<void> {
  const headers = { ...browser, 'accept-encoding': 'gzip' }
  t.equal(await client.encoding('/docs/json', headers), 'gzip')
}

/** Longer than the proxy waits for a quiet connection. */
async function keepsQuietOnesOpen(t: Test, { client, browser }: Scene): Promise<void> {
  const reader = await client.follow(ROOM, browser)
  const member = await client.webSocket(ROOM, browser)
  let pings = 0
  member.ws.on('ping', () => {
    pings += 1
  })
  await until(() => (pings > 4 && reader.stream.comments > 4) || reader.isOver)
  t.notOk(reader.isOver)
  t.equal(member.ws.readyState, member.ws.OPEN)
  t.equal(await say(client, 'still'), 201)
  t.equal(await reader.message(), '"still"')
  reader.stop()
  await member.close()
}

/** What the client claims is not what Usher is told. */
async function tellsAddresses(t: Test, { client, server, browser }: Scene): Promise<void> {
  const claims = {
    ...{ 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'http' },
    ...{ 'x-forwarded-host': 'evil.example', forwarded: 'for=198.51.100.7' },
  }
  t.equal((await client.ask('GET', '/session', { ...browser, ...claims })).status, 200)
  await client.webSocket(ROOM, { ...browser, ...claims }).then((member) => member.close())
  const lines = server.stdout().split('\n')
  const addresses = lines.flatMap((line) => /"ip":"([^"]*)"/.exec(line)?.[1] ?? [])
  t.same(new Set(addresses), new Set([OWN_ADDRESS]))
}

async function logsNoTickets(t: Test, { client, proxy, browser }: Scene): Promise<void> {
  const { body } = await client.ask('POST', '/tickets', browser, {})
  await client.webSocket(`${ROOM}?ticket=${body.ticket}`).then((member) => member.close())
  await until(() => /GET.*chat:proxied|chat:proxied.*GET/.test(proxy.log()))
  t.notOk(proxy.log().includes(body.ticket))
  t.notOk(proxy.log().includes(browser.cookie.split('=')[1] ?? ''))
}

/** The page over HTTP/2 where the proxy has it, with a WebSocket and an event stream. */
async function servesBrowsers(t: Test, browser: Browser, { proxy, client }: Scene) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const visitor = await Visitor.at(context, `${proxy.url}/plain/`)
  await visitor.signUp('grace')
  await visitor.open('chat:proxied')
  await visitor.say('hello')
  await visitor.areDelivered(1)
  await visitor.page.evaluate(openSource, ROOM)
  t.equal(await say(client, 'to all'), 201)
  t.equal(await visitor.page.evaluate(() => (globalThis as Following).heard), '"to all"')
  await visitor.sees('received', 'to all')
  t.same(visitor.complaints, [])
  await context.close()
}

type Following = { heard?: Promise<string> }

/** In the page: resolves when the stream is open; `heard` is to be its first message. */
function openSource(path: string): Promise<void> {
  const source = new EventSource(path)
  const heard = new Promise<string>((resolve) => {
    source.onmessage = ({ data }) => resolve(data)
  })
  Object.assign(globalThis, { heard })
  return new Promise((resolve, reject) => {
    source.onopen = () => resolve()
    source.onerror = () => reject(new Error('the stream ended'))
  })
}

/** A shutdown is told through the proxy. */
async function passesCloses(t: Test, { client, server, browser }: Scene): Promise<void> {
  const member = await client.webSocket(ROOM, browser)
  const reader = await client.follow(ROOM, browser)
  const code = server.end('SIGTERM')
  t.match(await member.closed, { code: 3001, reason: 'shutdown' })
  await until(() => reader.isOver)
  t.equal(await code, 0)
}

const browser = await openBrowser(t)

for (const kind of PROXIES) {
  t.test(`[C36] [C160] behind ${kind.name}, as deploy/${kind.file} has it`, async (t) => {
    const scene = await setUp(t, kind)
    t.test('[C33] WebSockets open by cookie and by ticket', (t) => passesWebSockets(t, scene))
    t.test('[C90] events come as they are said, where the proxy compresses', (t) =>
      passesEvents(t, scene),
    )
    t.test('it compresses other answers', (t) => compresses(t, scene))
    t.test('quiet connections stay open', (t) => keepsQuietOnesOpen(t, scene))
    t.test('[S4] [S50] addresses are those of clients', (t) => tellsAddresses(t, scene))
    t.test('[S9] its log has no tickets and cookies', (t) => logsNoTickets(t, scene))
    t.test('a browser is at home', (t) => servesBrowsers(t, browser, scene))
    t.test('[C65] a shutdown closes with 3001', (t) => passesCloses(t, scene))
  })
}

/** What a first configuration of nginx lacks, and what else it may have. */
const WITHOUT_UPGRADES: Record<string, Changes> = {
  'without a line about upgrades': {
    'proxy_http_version 1.1;': '',
    'proxy_set_header Upgrade           $http_upgrade;': '',
    'proxy_set_header Connection        $usher_connection;': '',
  },
  'without proxy_http_version': { 'proxy_http_version 1.1;': '' },
  'without Connection': { 'proxy_set_header Connection        $usher_connection;': '' },
  'without Upgrade': { 'proxy_set_header Upgrade           $http_upgrade;': '' },
}

t.test('[C161] behind nginx that takes Upgrade away, both sides are told so', async (t) => {
  const folder = t.testdir({})
  const server = await startServer(t, {
    ...{ HOST: '127.0.0.1', USHER_TRUST_PROXY: '127.0.0.1', USHER_DATA: ':memory:' },
    USHER_API_KEYS: `backend:${SERVER_KEY}`,
  })
  for (const [what, further] of Object.entries(WITHOUT_UPGRADES)) {
    const port = await freePort()
    const own = join(folder, String(port))
    mkdirSync(own)
    const options = { folder: own, certificate: TLS, usher: server.url, port, further }
    const { url } = await startProxy(t, nginx, options)
    const refusal = await new HttpsClient(url, TLS.cert).refused(ROOM, asServer)
    t.match(refusal, { status: 400, body: { message: /proxy.*Upgrade and Connection/ } }, what)
  }
  await server.program.shows(/"level":40[^\n]*proxy_set_header Upgrade/)
})
