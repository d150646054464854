// One random request to one door: what it carries may be anything, how it is framed is right, so
// that many can follow each other on one connection.
import { type Headers, requestBytes } from '../attack/wire.ts'
import type { Dice } from '../support/dice.ts'
import { anyValue, bent, changed, type Json, textOf, writtenOf } from './json.ts'

/** Credentials that are good, so that what lies behind them is reached. */
export interface Credentials {
  user: string
  token: string
  cookie: string
  origin: string
  key: string
}

interface Door {
  methods: readonly string[]
  path(dice: Dice): string
  good(credentials: Credentials): { [key: string]: Json }
  /** Who usually asks there. */
  by: 'nobody' | 'user' | 'server'
  weight: number
}

const POST = ['POST']

/** Doors of this version and of the next: one that is not there yet answers 404. */
const DOORS: readonly Door[] = [
  { methods: POST, path: () => '/session', good: logIn, by: 'nobody', weight: 6 },
  { methods: POST, path: () => '/accounts', good: signUp, by: 'nobody', weight: 6 },
  { methods: POST, path: () => '/session/refresh', good: refresh, by: 'nobody', weight: 4 },
  { methods: ['PUT'], path: () => '/account/password', good: change, by: 'user', weight: 3 },
  { methods: POST, path: () => '/tickets', good: ownTicket, by: 'user', weight: 12 },
  { methods: POST, path: () => '/tickets', good: ticketFor, by: 'server', weight: 12 },
  { methods: POST, path: messagesPath, good: () => ({ a: 1 }), by: 'user', weight: 16 },
  { methods: POST, path: messagesPath, good: () => ({ a: 1 }), by: 'server', weight: 8 },
  { methods: ['GET', 'DELETE'], path: historyPath, good: () => ({}), by: 'server', weight: 6 },
  { methods: POST, path: () => '/messages', good: batch, by: 'server', weight: 4 },
  {
    methods: ['GET', 'PUT', 'DELETE', 'PATCH'],
    path: anyPath,
    good: () => ({}),
    by: 'user',
    weight: 8,
  },
  { methods: ['PUT', 'DELETE'], path: serverPath, good: () => ({}), by: 'server', weight: 4 },
  { methods: ['GET'], path: roomPath, good: () => ({}), by: 'user', weight: 10 },
  { methods: ['GET'], path: anyPath, good: () => ({}), by: 'nobody', weight: 7 },
]
/** Each as often as its weight says. */
const WEIGHED = DOORS.flatMap((door) => Array<Door>(door.weight).fill(door))

function logIn() {
  return { username: 'somebody', password: 'long enough', client: 'app' }
}
function signUp() {
  return { username: 'somebody', password: 'long enough' }
}
function refresh() {
  return { refreshToken: `rt_s_${'A'.repeat(16)}.${'A'.repeat(48)}` }
}
function change() {
  return { password: 'not the right one', newPassword: 'another one' }
}
function ownTicket() {
  return { rooms: ['fuzz:a'], ttl: 30 }
}
function ticketFor() {
  return { user: 'ext_1', rooms: ['fuzz:a'], info: { name: 'N' }, ttl: 3, connectionTtl: 60 }
}
function batch() {
  return { 0: { room: 'fuzz:a', data: 1 } }
}

const PARTS = [
  'rooms',
  'fuzz:a',
  'messages',
  'members',
  'receipts',
  'participants',
  'session',
  'sessions',
  'tickets',
  'users',
  'connections',
  'ban',
  'health',
  'live',
  'ready',
  'docs',
  'json',
  'metrics',
  'index.html',
  '..',
  '%2e%2e',
  '%00',
  '%2f',
  '',
  '.',
  '1',
  '-1',
  'account',
  'connection',
  'websocket',
  'app.js',
]
const QUERIES = [
  'ticket=x',
  'token=x',
  'auth=message',
  'echo=false',
  'echo=x',
  'user=u_1',
  'user=a&user=b',
  'after=1',
  'before=-1',
  'limit=1e9',
  'order=asc',
  'epoch=x',
  'replay=20',
  'mine',
  'revoke',
  'envelope=true',
  '__proto__=1',
  'a[b]=c',
  '%',
  '=',
  '&&&',
  'limit=99999999999999999999',
]

function roomName(dice: Dice): string {
  if (dice.once(2)) return dice.pick(['fuzz:a', 'json:a', 'open:a', 'user:u_x', 'nowhere'])
  return encodeURIComponent(textOf(dice).toWellFormed()).slice(0, 300)
}

function roomPath(dice: Dice): string {
  return `/rooms/${roomName(dice)}${query(dice)}`
}

function messagesPath(dice: Dice): string {
  return `/rooms/${dice.once(4) ? roomName(dice) : 'fuzz:a'}/messages${query(dice)}`
}

function historyPath(dice: Dice): string {
  if (dice.once(2)) return messagesPath(dice)
  const offset = dice.pick(['1', '0', '-1', '1e3', '9007199254740993', 'x', '%00'])
  return `/rooms/fuzz:a/messages/${offset}${query(dice)}`
}

function serverPath(dice: Dice): string {
  const user = encodeURIComponent(textOf(dice).toWellFormed()).slice(0, 200)
  return dice.pick([
    `/users/${user}/ban`,
    `/users/${user}/connections`,
    `/rooms/fuzz:a/members/${user}`,
  ])
}

function anyPath(dice: Dice): string {
  const parts = Array.from({ length: 1 + dice.length(4) }, () => dice.pick(PARTS))
  return `/${parts.join('/')}${query(dice)}`
}

function query(dice: Dice): string {
  if (!dice.once(3)) return ''
  return `?${Array.from({ length: 1 + dice.length(3) }, () => dice.pick(QUERIES)).join('&')}`
}

export interface FuzzRequest {
  bytes: Buffer
  method: string
  path: string
  /** Log-ins are counted by address, so each comes from another. */
  guesses: boolean
}

/** Input number `index` in bytes. */
export function requestOf(dice: Dice, credentials: Credentials): FuzzRequest {
  const door = doorOf(dice)
  const method = dice.once(30)
    ? dice.pick(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
    : dice.pick(door.methods)
  const path = door.path(dice)
  // Our own session should outlive the run.
  const isOurEnd = method === 'DELETE' && /^\/+(session|account)/.test(path)
  const headers = isOurEnd ? [] : [...who(dice, door.by, credentials), ...oddHeaders(dice)]
  if (method === 'GET' && !dice.once(40)) {
    return { bytes: keepAlive({ method, path, headers }), method, path, guesses: false }
  }
  const body = harmless(dice, bodyOf(dice, door, credentials))
  const type: Headers = [['Content-Type', typeOf(dice)]]
  const bytes = keepAlive({ method, path, headers: [...headers, ...type], body })
  return { bytes, method, path, guesses: door.by === 'nobody' }
}

function keepAlive(ask: Parameters<typeof requestBytes>[0]): Buffer {
  return requestBytes({ ...ask, headers: [...(ask.headers ?? []), ['Connection', 'keep-alive']] })
}

function doorOf(dice: Dice): Door {
  return dice.pick(WEIGHED)
}

function bodyOf(dice: Dice, door: Door, credentials: Credentials): Buffer {
  if (dice.once(20)) return dice.bytes(dice.length(200))
  if (dice.once(4)) return writtenOf(dice, anyValue(dice))
  return writtenOf(dice, changed(dice, door.good(credentials)))
}

/** What looks like a whole log-in would be hashed, which is dear by design: few may. */
function harmless(dice: Dice, body: Buffer): Buffer {
  const text = body.toString()
  if (!text.includes('"password"')) return body
  // An account that is guessed at is held: never the same one twice.
  if (dice.once(150)) return Buffer.from(text.replace('somebody', `n${dice.below(2 ** 31)}`))
  return Buffer.from(text.replace(/"password":"[^"]*"/, '"password":7'))
}

const TYPES = [
  'text/plain',
  'application/octet-stream',
  'application/json; charset=utf-8',
  'text/json',
  '',
  '/',
  'a/b',
  'application/json;',
  'APPLICATION/JSON',
  'application/jsonx',
  'multipart/form-data; boundary=x',
]

function typeOf(dice: Dice): string {
  return dice.once(6) ? dice.pick(TYPES) : 'application/json'
}

function who(dice: Dice, usual: Door['by'], credentials: Credentials): Headers {
  const others = ['nobody', 'server', 'odd', ...(usual === 'nobody' ? [] : ['user', 'cookie'])]
  const by = dice.once(12) ? dice.pick(others) : usual
  if (by === 'user') return [['Authorization', `Bearer ${credentials.token}`]]
  if (by === 'server') return [['Authorization', `Bearer ${credentials.key}`]]
  if (by === 'cookie')
    return [
      ['Cookie', credentials.cookie],
      ['Origin', credentials.origin],
    ]
  if (by === 'odd')
    return [['Authorization', headerText(bent(dice, Buffer.from(`Bearer ${credentials.token}`)))]]
  return []
}

const ODD = [
  'Idempotency-Key',
  'Origin',
  'Cookie',
  'Accept',
  'Sec-Fetch-Site',
  'X-Forwarded-For',
  'If-None-Match',
  'Range',
  'Accept-Encoding',
  'Last-Event-ID',
  'Sec-WebSocket-Protocol',
  'X-Forwarded-Proto',
  'Forwarded',
]

function oddHeaders(dice: Dice): Headers {
  if (!dice.once(4)) return []
  return Array.from({ length: 1 + dice.length(2) }, () => [
    dice.pick(ODD),
    headerText(Buffer.from(textOf(dice), 'latin1')),
  ])
}

/** Control characters would end the connection, and with it the requests behind. */
function headerText(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
    .trim()
}
