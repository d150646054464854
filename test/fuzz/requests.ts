// One random request to one endpoint: what it carries may be anything, how it is framed is right,
// so that many can follow each other on one connection.
import fc, { type Arbitrary } from 'fast-check'
import { type Headers, requestBytes } from '../attack/wire.ts'
import { anyText, anyValue, bent, changed, type Json, seldom, written } from './json.ts'

/** Credentials that are good, so that what lies behind them is reached. */
export interface Credentials {
  user: string
  token: string
  cookie: string
  origin: string
  key: string
}

type Asker = 'none' | 'user' | 'server'

interface Endpoint {
  weight: number
  methods: readonly string[]
  path: Arbitrary<string>
  good: { [key: string]: Json }
  /** Who usually asks there. */
  by: Asker
}

const PARTS = [
  ...['rooms', 'fuzz:a', 'messages', 'members', 'receipts', 'participants', 'session', 'sessions'],
  ...['tickets', 'users', 'connections', 'ban', 'health', 'live', 'ready', 'docs', 'json'],
  ...['metrics', 'index.html', '..', '%2e%2e', '%00', '%2f', '', '.', '1', '-1', 'account'],
  ...['connection', 'websocket', 'chat/app.js'],
]
const QUERIES = [
  ...['ticket=x', 'token=x', 'auth=message', 'echo=false', 'echo=x', 'user=u_1', 'user=a&user=b'],
  ...['after=1', 'before=-1', 'limit=1e9', 'order=asc', 'epoch=x', 'replay=20', 'mine', 'revoke'],
  ...['envelope=true', '__proto__=1', 'a[b]=c', '%', '=', '&&&', 'limit=99999999999999999999'],
]

const encoded = (max: number): Arbitrary<string> =>
  anyText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, max))
const anyRoom = fc.oneof(
  fc.constantFrom('fuzz:a', 'json:a', 'open:a', 'user:u_x', 'nowhere'),
  encoded(300),
)
const query = seldom(
  3,
  fc
    .array(fc.constantFrom(...QUERIES), { minLength: 1, maxLength: 4 })
    .map((all) => `?${all.join('&')}`),
  fc.constant(''),
)
const path = (start: Arbitrary<string>): Arbitrary<string> =>
  fc.tuple(start, query).map((parts) => parts.join(''))
const fixed = (text: string): Arbitrary<string> => fc.constant(text)

const roomPath = path(anyRoom.map((room) => `/rooms/${room}`))
const messagesPath = path(
  seldom(4, anyRoom, fixed('fuzz:a')).map((room) => `/rooms/${room}/messages`),
)
const offsets = fc.constantFrom('1', '0', '-1', '1e3', '9007199254740993', 'x', '%00')
const historyPath = fc.oneof(
  messagesPath,
  path(offsets.map((offset) => `/rooms/fuzz:a/messages/${offset}`)),
)
const serverPath = fc.oneof(
  encoded(200).map((user) => `/users/${user}/ban`),
  encoded(200).map((user) => `/users/${user}/connections`),
  encoded(200).map((user) => `/rooms/fuzz:a/members/${user}`),
)
const operatorPath = fc.oneof(
  path(fc.constantFrom('/rooms', '/users')),
  path(encoded(200).map((room) => `/rooms/gone:${room}`)),
  encoded(200).map((user) => `/users/${user}`),
  encoded(200).map((user) => `/users/${user}/messages`),
)
const anyPath = path(
  fc
    .array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`),
)

const logIn = { username: 'somebody', password: 'long enough', client: 'app' }
const signUp = { username: 'somebody', password: 'long enough' }
const refresh = { refreshToken: `rt_s_${'A'.repeat(16)}.${'A'.repeat(48)}` }
const change = { password: 'not the right one', newPassword: 'another one' }
const ownTicket = { rooms: ['fuzz:a'], ttl: 30 }
const ticketFor = { ...ownTicket, user: 'ext_1', info: { name: 'N' }, ttl: 3, connectionTtl: 60 }
const batch = { 0: { room: 'fuzz:a', data: 1 } }

const endpoint = (
  weight: number,
  methods: string,
  where: Arbitrary<string>,
  by: Asker,
  good: Endpoint['good'] = {},
): Endpoint => ({ weight, methods: methods.split(' '), path: where, by, good })

/** Those of this version and of the next: one that is not there yet answers 404. */
const ENDPOINTS: readonly Endpoint[] = [
  endpoint(6, 'POST', fixed('/session'), 'none', logIn),
  endpoint(6, 'POST', fixed('/accounts'), 'none', signUp),
  endpoint(4, 'POST', fixed('/session/refresh'), 'none', refresh),
  endpoint(3, 'PUT', fixed('/account/password'), 'user', change),
  endpoint(12, 'POST', fixed('/tickets'), 'user', ownTicket),
  endpoint(12, 'POST', fixed('/tickets'), 'server', ticketFor),
  endpoint(16, 'POST', messagesPath, 'user', { a: 1 }),
  endpoint(8, 'POST', messagesPath, 'server', { a: 1 }),
  endpoint(6, 'GET DELETE', historyPath, 'server'),
  endpoint(4, 'POST', fixed('/messages'), 'server', batch),
  endpoint(8, 'GET PUT DELETE PATCH', anyPath, 'user'),
  endpoint(4, 'PUT DELETE', serverPath, 'server'),
  endpoint(4, 'GET DELETE', operatorPath, 'server'),
  endpoint(10, 'GET', roomPath, 'user'),
  endpoint(7, 'GET', anyPath, 'none'),
]

/** Any request. The credentials are read when it is made, since they are renewed now and then. */
export function anyRequest(credentials: Credentials): Arbitrary<Buffer> {
  return fc.oneof(
    ...ENDPOINTS.map((one) => ({ weight: one.weight, arbitrary: requestTo(one, credentials) })),
  )
}

function requestTo(one: Endpoint, credentials: Credentials): Arbitrary<Buffer> {
  const others = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS')
  const parts = fc.record({
    method: seldom(30, others, fc.constantFrom(...one.methods)),
    path: one.path,
    asker: askerOf(one.by, credentials),
    odd: oddHeaders,
    type: seldom(6, fc.constantFrom(...TYPES), fixed('application/json')),
    body: bodyOf(one),
    isBare: seldom(40, fc.constant(false), fc.constant(true)),
  })
  return parts.map(({ method, path, asker, odd, type, body, isBare }) => {
    // Our own session should outlive the run.
    const isOurEnd = method === 'DELETE' && /^\/+(session|account)/.test(path)
    const kept: Headers = [...(isOurEnd ? [] : [...asker, ...odd]), ['Connection', 'keep-alive']]
    if (method === 'GET' && isBare) return requestBytes({ method, path, headers: kept })
    return requestBytes({ method, path, headers: [...kept, ['Content-Type', type]], body })
  })
}

function bodyOf({ good }: Endpoint): Arbitrary<Buffer> {
  const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  const json = seldom(4, written(anyValue), written(changed(good)))
  const name = fc.nat()
  return fc
    .tuple(seldom(20, any, json), seldom(150, name, fc.constant(null)))
    .map(([body, hashed]) => harmless(body, hashed))
}

/** What looks like a whole log-in would be hashed, which is costly by design: few may. */
function harmless(body: Buffer, hashed: number | null): Buffer {
  const text = body.toString()
  if (!text.includes('"password"')) return body
  // An account that is guessed at is held: never the same one twice.
  if (hashed !== null) return Buffer.from(text.replace('somebody', `n${hashed}`))
  return Buffer.from(text.replace(/"password":"[^"]*"/, '"password":7'))
}

const TYPES = [
  ...['text/plain', 'application/octet-stream', 'application/json; charset=utf-8', 'text/json'],
  ...['', '/', 'a/b', 'application/json;', 'APPLICATION/JSON', 'application/jsonx'],
  'multipart/form-data; boundary=x',
]

function askerOf(usual: Asker, credentials: Credentials): Arbitrary<Headers> {
  const late = (make: () => Headers): Arbitrary<Headers> => fc.constant(null).map(make)
  const bearer = (value: string): Headers => [['Authorization', `Bearer ${value}`]]
  const token = fc.constant(null).map(() => Buffer.from(`Bearer ${credentials.token}`))
  const by: Record<Asker, Arbitrary<Headers>> = {
    none: fc.constant<Headers>([]),
    user: late(() => bearer(credentials.token)),
    server: late(() => bearer(credentials.key)),
  }
  const odd = bent(token).map((bytes): Headers => [['Authorization', headerText(bytes)]])
  const { cookie, origin } = credentials
  const page: Headers = [
    ['Cookie', cookie],
    ['Origin', origin],
  ]
  const known = usual === 'none' ? [] : [by.user, fc.constant(page)]
  return seldom(12, fc.oneof(by.none, by.server, odd, ...known), by[usual])
}

const ODD = [
  ...['Idempotency-Key', 'Origin', 'Cookie', 'Accept', 'Sec-Fetch-Site', 'X-Forwarded-For'],
  ...['If-None-Match', 'Range', 'Accept-Encoding', 'Last-Event-ID', 'Sec-WebSocket-Protocol'],
  ...['X-Forwarded-Proto', 'Forwarded'],
]
const oddHeader = fc.tuple(
  fc.constantFrom(...ODD),
  anyText.map((text) => headerText(Buffer.from(text, 'latin1'))),
)
const oddHeaders: Arbitrary<Headers> = seldom(
  4,
  fc.array(oddHeader, { minLength: 1, maxLength: 3 }),
  fc.constant<[string, string][]>([]),
)

/** Control characters would end the connection, and with it the requests behind. */
function headerText(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
    .trim()
}
