// Pages of other origins: listed ones may use every endpoint and read every answer, the others
// none.
import cors from '@fastify/cors'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { usher } from '../../src/index.ts'
import { startApp } from '../support/app.ts'
import { openBrowser, openWindow, seatUser } from '../support/browser.ts'
import { PASSWORD, person } from '../support/people.ts'
import { limited } from '../support/settings.ts'

const PAGE = 'https://app.example'
const PORTED = 'https://app.example:8443'
const LISTED = [PAGE, PORTED]

function setUp(t: Test, overrides: Partial<Config> = {}) {
  return startApp(t, { origins: LISTED, ...overrides })
}

/** The headers of CORS, and the only permission that an answer may carry. */
function permissionOf({ headers }: Response) {
  return {
    origin: headers.get('access-control-allow-origin'),
    credentials: headers.get('access-control-allow-credentials'),
  }
}
const NONE = { origin: null, credentials: null }
const TO_PAGE = { origin: PAGE, credentials: 'true' }

function preflight(url: string, origin: string, method = 'POST'): Promise<Response> {
  const asked = { 'access-control-request-method': method }
  const named = { 'access-control-request-headers': 'content-type,authorization,idempotency-key' }
  return fetch(url, { method: 'OPTIONS', headers: { origin, ...asked, ...named } })
}

const ENDPOINTS: [method: string, path: string][] = [
  ['POST', '/accounts'],
  ['POST', '/session'],
  ['GET', '/session'],
  ['DELETE', '/session'],
  ['PUT', '/account/password'],
  ['DELETE', '/sessions'],
  ['POST', '/tickets'],
  ['GET', '/rooms/chat:a'],
  ['POST', '/rooms/chat:a/messages'],
  ['PUT', '/users/ann/ban'],
  ['GET', '/health/ready'],
  ['GET', '/docs/json'],
  ['GET', '/nowhere'],
]

t.test('[C38] a preflight of a listed origin is granted at every endpoint', async (t) => {
  const { url } = await setUp(t)
  for (const [method, path] of ENDPOINTS) {
    for (const origin of LISTED) {
      const answer = await preflight(`${url}${path}`, origin, method)
      t.equal(answer.status, 204, `${method} ${path}`)
      t.same(permissionOf(answer), { origin, credentials: 'true' })
      const allowed = answer.headers.get('access-control-allow-methods')?.split(', ') ?? []
      t.ok(allowed.includes(method), allowed.join())
      const names = answer.headers.get('access-control-allow-headers') ?? ''
      t.same(names.split(', ').sort(), [
        ...['authorization', 'content-type', 'idempotency-key'],
        ...['if-none-match', 'last-event-id'],
      ])
      t.match(answer.headers.get('vary'), /\bOrigin\b/i)
      t.match(answer.headers.get('access-control-max-age'), /^\d+$/)
    }
  }
})

t.test('[C38] an answer to a listed origin may be read, with credentials', async (t) => {
  const { url } = await setUp(t)
  for (const [method, path] of ENDPOINTS) {
    const answer = await fetch(`${url}${path}`, { method, headers: { origin: PAGE } })
    t.same(permissionOf(answer), TO_PAGE, `${method} ${path} ${answer.status}`)
    t.match(answer.headers.get('vary'), /\bOrigin\b/i)
  }
})

const FOREIGN = [
  'null',
  '*',
  'https://evil.example',
  'http://app.example',
  'https://app.example:443',
  'https://app.example.',
  'https://APP.example',
  'https://app.example:8444',
  'https://app.example.evil.example',
  'https://evilapp.example',
  'https://sub.app.example',
  'https://app.example/',
  `${PAGE}, ${PORTED}`,
]

t.test('[C38] [S3] any other origin gets no permission at any endpoint', async (t) => {
  const { url } = await setUp(t)
  for (const origin of FOREIGN) {
    for (const [method, path] of ENDPOINTS) {
      const asked = await preflight(`${url}${path}`, origin, method)
      const status = path === '/nowhere' ? 404 : 405
      t.same([asked.status, permissionOf(asked)], [status, NONE], `${origin} ${path}`)
      t.equal(asked.headers.get('access-control-allow-methods'), null)
      t.match(await asked.json(), { error: /^(not_found|method_not_allowed)$/ })
      const answer = await fetch(`${url}${path}`, { method, headers: { origin } })
      t.same(permissionOf(answer), NONE, `${origin} ${method} ${path}`)
      t.match(answer.headers.get('vary'), /\bOrigin\b/i, 'nor may a cache mix them up')
    }
  }
})

t.test('[C38] a request that names no origin gets no permission, and is served', async (t) => {
  const { url } = await setUp(t)
  const answer = await fetch(`${url}/health/live`)
  t.same([answer.status, permissionOf(answer)], [200, NONE])
})

t.test('[C38] without listed origins no origin gets any', async (t) => {
  const { url } = await startApp(t)
  t.same(permissionOf(await fetch(`${url}/health/live`, { headers: { origin: PAGE } })), NONE)
  t.equal((await preflight(`${url}/session`, PAGE)).status, 405)
})

t.test('[C38] [C1] refusals may be read too, with how long to wait', async (t) => {
  const usher = await setUp(t, { ...limited({ ticketsPerMinute: 1 }), signup: 'open' })
  const { url } = usher
  const ann = await person(usher)
  const json = { 'content-type': 'application/json' }
  const { bearer } = ann
  const send = (path: string, headers: Record<string, string>, body: string) =>
    fetch(`${url}${path}`, { method: 'POST', headers: { origin: PAGE, ...headers }, body })
  const wrong = JSON.stringify({ username: ann.username, password: 'a wrong password' })
  const refusals: [status: number, answer: Promise<Response>][] = [
    [400, send('/tickets', { ...bearer, ...json }, '{')],
    [401, send('/session', json, wrong)],
    [
      403,
      send('/rooms/$x/messages', bearer, 'text').then(() =>
        send('/rooms/user:x/messages', bearer, 'x'),
      ),
    ],
    [404, send('/nowhere', {}, '')],
    [
      413,
      send(
        '/rooms/chat:a/messages',
        { ...bearer, 'content-type': 'text/plain' },
        'x'.repeat(70_000),
      ),
    ],
    [415, send('/session', { 'content-type': 'text/plain' }, wrong)],
  ]
  for (const [status, answer] of refusals) {
    const refusal = await answer
    t.same([refusal.status, permissionOf(refusal)], [status, TO_PAGE])
    t.match(await refusal.json(), { message: String })
  }
  await send('/tickets', { ...bearer, ...json }, '{}').then((answer) => answer.json())
  const late = await send('/tickets', { ...bearer, ...json }, '{}')
  t.same([late.status, permissionOf(late)], [429, TO_PAGE])
  t.match(late.headers.get('access-control-expose-headers'), /\bretry-after\b/i)
})

t.test('[C38] [C36] a refusal over plain HTTP may be read too', async (t) => {
  const { url } = await setUp(t, { production: true })
  const answer = await fetch(`${url}/session`, { headers: { origin: PAGE } })
  t.same([answer.status, permissionOf(answer)], [403, TO_PAGE])
})

t.test('[C38] an OPTIONS that asks for nothing is no error', async (t) => {
  const { url } = await setUp(t)
  const answer = await fetch(`${url}/session`, { method: 'OPTIONS', headers: { origin: PAGE } })
  t.same([answer.status, permissionOf(answer)], [204, TO_PAGE])
  const unasked = await fetch(`${url}/session`, { method: 'OPTIONS' })
  t.equal(unasked.status, 405)
  t.match(await unasked.json(), { error: 'method_not_allowed' })
})

t.test('[C38] an application with CORS of its own keeps it', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(cors, { origin: 'https://own.example' })
  await app.register(usher, { prefix: '/rt', data: ':memory:', origins: LISTED })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await fetch(`${url}/rt/health/live`, { headers: { origin: PAGE } })
  t.equal(answer.headers.get('access-control-allow-origin'), 'https://own.example')
})

t.test('[C38] in an application only our endpoints carry our permission', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/mine', async () => 'mine')
  await app.register(usher, { prefix: '/rt', data: ':memory:', origins: LISTED })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.same(permissionOf(await fetch(`${url}/rt/session`, { headers: { origin: PAGE } })), TO_PAGE)
  t.equal((await preflight(`${url}/rt/session`, PAGE)).status, 204)
  t.same(permissionOf(await fetch(`${url}/mine`, { headers: { origin: PAGE } })), NONE)
  t.equal((await preflight(`${url}/mine`, PAGE)).status, 404)
})

/**
 * The answer that a page gets when it logs in and asks for its session; 'blocked' where the browser
 * forbids.
 */
async function attempt([url = '', username = '', password = '']: string[]): Promise<unknown[]> {
  const tell = async (path: string, init: RequestInit) => {
    try {
      const response = await fetch(`${url}${path}`, { credentials: 'include', ...init })
      const answer = (await response.json()) as { error?: string; username?: string }
      return `${response.status} ${answer.error ?? answer.username}`
    } catch {
      return 'blocked'
    }
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ username, password })
  return [
    await tell('/session', {}),
    await tell('/session', { method: 'POST', headers, body }),
    await tell('/session', {}),
    await tell('/rooms/chat:a/messages', { method: 'POST', headers, body: '1' }),
  ]
}

/** A page of another origin, with no policy of its own for what its scripts may fetch. */
async function pageElsewhere(t: Test): Promise<string> {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/', (_, reply) => reply.type('text/html').send('<p>elsewhere</p>'))
  return app.listen({ host: '127.0.0.1', port: 0 })
}

t.test('[C38] [C33] a real browser lets a listed page in, and stops any other', async (t) => {
  const [friend, stranger] = [await pageElsewhere(t), await pageElsewhere(t)]
  const usher = await startApp(t, { origins: [friend] })
  const ann = await person(usher)
  const browser = await openBrowser(t)
  const told = async (page: string): Promise<unknown[]> => {
    const window = await openWindow(await seatUser(t, browser), page)
    return window.page.evaluate(attempt, [usher.url, ann.username, PASSWORD])
  }
  t.same(await told(friend), [
    '401 unauthorized',
    `200 ${ann.username}`,
    `200 ${ann.username}`,
    '201 undefined',
  ])
  t.same(await told(stranger), ['blocked', 'blocked', 'blocked', 'blocked'])
})
