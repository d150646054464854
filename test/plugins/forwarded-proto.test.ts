// What proxies write in X-Forwarded-Proto and X-Forwarded-Host, through a real port: whether a
// request counts as TLS, which cookie it looks for, and which address a ticket names.
import t, { type Test } from 'tap'
import { startHost } from '../embedding/host.ts'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, cookieOf, PASSWORD, whoAmI } from '../support/people.ts'

const OURS = ['127.0.0.1', '10.0.0.0/8']
const CLIENT = '198.51.100.7'
const BEHIND_ONE = CLIENT
const BEHIND_TWO = `${CLIENT}, 10.0.0.1`
const BEHIND_THREE = `${CLIENT}, 10.0.0.2, 10.0.0.1`

type Said = [proto: string, chain: string | null]

function headersOf([proto, chain]: Said): Record<string, string> {
  const from = chain === null ? {} : { 'x-forwarded-for': chain }
  return { 'x-forwarded-proto': proto, ...from }
}

const BY_TLS: Said[] = [
  ...['https', 'HTTPS', 'Https', 'wss', 'WSS'].map((word): Said => [word, BEHIND_ONE]),
  ['https', null],
  ['http, https', BEHIND_ONE],
  ['https, http', BEHIND_TWO],
  ['HTTPS,ws', BEHIND_TWO],
  ['http, wss, http', BEHIND_TWO],
  ['https,, http', BEHIND_TWO],
  ['https', BEHIND_TWO],
  ['wss', BEHIND_THREE],
  ['https, http', BEHIND_THREE],
]

const PLAIN: Said[] = [
  ...['http', 'HTTP', 'ws', 'on', 'h2', 'https:', ''].map((word): Said => [word, BEHIND_ONE]),
  ['https, http', null],
  ['https, http', BEHIND_ONE],
  ['https, ws, http', BEHIND_TWO],
  ['http', BEHIND_TWO],
  ['ws, https', BEHIND_TWO],
  ['https, http', `10.0.0.9, ${CLIENT}`],
]

t.test('in production, behind proxies of ours', async (t) => {
  const { url } = await startApp(t, { production: true, signup: 'open', trustProxy: OURS })
  const room = `${url}/rooms/chat:a`
  for (const said of BY_TLS) {
    t.test(`[C160] [S4] ${nameOf(said)} is TLS`, async (t) => {
      const headers = { ...asServer, ...headersOf(said) }
      t.equal((await call(room, 'GET', { headers })).status, 200)
      t.equal((await (await connect(room, { headers })).close()).code, 1000)
    })
  }
  for (const said of PLAIN) {
    t.test(`[C160] [S4] ${nameOf(said)} is plain HTTP`, async (t) => {
      const headers = { ...asServer, ...headersOf(said) }
      t.equal((await call(room, 'GET', { headers })).status, 403)
      t.equal((await refused(room, { headers })).status, 403)
    })
  }
})

function nameOf([proto, chain]: Said): string {
  return `"${proto}" for ${chain ?? 'no X-Forwarded-For'}`
}

t.test('in development, behind proxies of ours', async (t) => {
  const { url, keepSecret } = await startApp(t, { trustProxy: OURS })
  const body = { username: 'ann', password: PASSWORD }
  await call(`${url}/accounts`, 'POST', { body })
  /** Logs in as it came by the first, and then is let in as it came by each of the others. */
  async function agree(t: Test, name: string, login: Said, ...later: Said[]): Promise<void> {
    const answer = await call(`${url}/session`, 'POST', { body, headers: headersOf(login) })
    const cookie = cookieOf(answer.headers)
    t.match(cookie, new RegExp(`^${name}=`))
    keepSecret(cookie.split('=')[1] ?? '')
    for (const said of later) {
      const headers = { ...headersOf(said), cookie, origin: url }
      t.equal(await whoAmI({ url }, headers), 200, nameOf(said))
      await connect(`${url}/rooms/chat:a`, { headers }).then((client) => client.close())
    }
  }

  t.test('[C160] [C11] [S10] what came by TLS looks for the cookie of TLS', async (t) => {
    await agree(t, '__Host-usher', ['https', BEHIND_ONE], ...BY_TLS)
  })

  t.test('[C160] [C11] [S10] what came without TLS looks for the other one', async (t) => {
    await agree(t, 'usher', ['http', BEHIND_ONE], ...PLAIN)
  })

  t.test('[C160] [C20] [S4] a ticket names the address that its client asked', async (t) => {
    const address = async (headers: Record<string, string>) => {
      const order = { headers: { ...asServer, ...headers }, body: { user: 'u', rooms: ['chat:a'] } }
      return (await call(`${url}/tickets`, 'POST', order)).body.url.replace(/\?.*/, '')
    }
    const hosts = { 'x-forwarded-host': 'evil.example, chat.example.com, inner:8080' }
    const by = (said: Said) => address({ ...headersOf(said), ...hosts })
    t.equal(await by(['https, http', BEHIND_TWO]), 'wss://chat.example.com/rooms/chat:a')
    t.equal(await by(['ws', BEHIND_ONE]), 'ws://inner:8080/rooms/chat:a')
    t.equal(await by(['WSS', BEHIND_THREE]), 'wss://evil.example/rooms/chat:a')
  })
})

/**
 * As pkg/middlewares/forwardedheaders/forwarded_header.go of Traefik 3 writes them, for a request
 * over TLS.
 */
function byTraefik(proto: string): Record<string, string> {
  return {
    ...{ 'x-forwarded-for': CLIENT, 'x-real-ip': CLIENT, 'x-forwarded-server': 'traefik' },
    ...{ 'x-forwarded-proto': proto, 'x-forwarded-port': '443' },
    ...{ 'x-forwarded-host': 'chat.example.com' },
  }
}

t.test('[C160] [C33] [S10] a browser behind Traefik logs in and opens a WebSocket', async (t) => {
  const publicUrl = new URL('https://chat.example.com')
  for (const production of [true, false]) {
    const settings = { production, publicUrl, signup: 'open' as const, trustProxy: OURS }
    const { url, keepSecret } = await startApp(t, settings)
    const body = { username: 'ann', password: PASSWORD }
    const sent = { ...byTraefik('https'), origin: publicUrl.origin }
    await call(`${url}/accounts`, 'POST', { body, headers: sent })
    const answer = await call(`${url}/session`, 'POST', { body, headers: sent })
    const cookie = cookieOf(answer.headers)
    keepSecret(cookie.split('=')[1] ?? '')
    const handshake = { ...byTraefik('wss'), origin: publicUrl.origin, cookie }
    const client = await connect(`${url}/rooms/chat:a`, { headers: handshake })
    t.equal((await client.close()).code, 1000)
  }
})

t.test('[C160] [S4] in an application its own trustProxy says who is believed', async (t) => {
  const headers = { ...asServer, 'x-forwarded-proto': 'wss, http', 'x-forwarded-for': BEHIND_TWO }
  const address = async (server: object) => {
    const { url } = await startHost(t, { server })
    const order = { headers, body: { user: 'u' } }
    return (await call(`${url}/rt/tickets`, 'POST', order)).body.url
  }
  t.match(await address({ trustProxy: OURS }), /^wss:/)
  t.match(await address({ trustProxy: ['127.0.0.1'] }), /^ws:/, '10.0.0.1 is a client')
  t.match(await address({}), /^ws:/)
})
