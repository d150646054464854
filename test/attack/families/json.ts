// JSON bodies that want to be more than data: prototype keys, depth, odd types, other media types.
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, KEY_HEADERS, posting, type Target } from '../target.ts'
import type { Headers } from '../wire.ts'

const BAD = /^400 bad_request$/

/** Added to a good body of each endpoint, as text: JSON.stringify would not write them. */
const POISON: Record<string, string> = {
  __proto__: '"__proto__":{"admin":true}',
  'escaped __proto__': '"\\u005f\\u005fproto__":{"admin":true}',
  '__proto__ with null': '"__proto__":null',
  'constructor.prototype': '"constructor":{"prototype":{"admin":true}}',
  prototype: '"prototype":{"admin":true}',
  toString: '"toString":"x"',
  hasOwnProperty: '"hasOwnProperty":1',
  'an unknown field': '"admin":true',
}

const WHOLE: Record<string, string> = {
  'empty object with prototype': '{"__proto__":{}}',
  'an array': '[]',
  null: 'null',
  text: '"x"',
  number: '1e400',
  NaN: 'NaN',
  'a comment': '/* */{}',
  'a single quote': "{'username':'a'}",
  'trailing comma': '{"username":"a",}',
  'byte order mark and half': '\ufeff{"username"',
  '10,000 brackets': '['.repeat(10_000),
  '10,000 nested arrays': '['.repeat(10_000) + ']'.repeat(10_000),
  '10,000 nested objects': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  '20,000 keys': `{${Array.from({ length: 20_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
  'invalid UTF-8 as latin': '{"username":"\u00ff"}',
  'arrays for text': '{"username":["a"],"password":["b"]}',
  'objects for text': '{"username":{"$ne":null},"password":{"$ne":null}}',
}

interface Endpoint {
  path: string
  /** A body that is right but for what is added; without its closing brace. */
  body: string
  headers: Headers
}

function endpointsOf(target: Target): Endpoint[] {
  return [
    { path: '/accounts', body: '{"username":"mallory","password":"long enough"', headers: [] },
    { path: '/session', body: '{"username":"mallory","password":"long enough"', headers: [] },
    { path: '/tickets', body: '{"ttl":5', headers: bearerHeaders(target.victim) },
    { path: '/tickets', body: '{"user":"u1","info":{"a":1}', headers: KEY_HEADERS },
    { path: '/tickets', body: '{"user":"u1","info":{"__proto__":{"a":1}}', headers: KEY_HEADERS },
  ]
}

export const json: Family = {
  title: 'json',
  parts: [poisoned, whole, mediaTypes, messages, sizes, unpolluted],
}

function post(target: Target, { path, headers }: Endpoint, body: string, type?: string) {
  return () => target.words(posting(path, headers, body, type))
}

function poisoned(target: Target): Attack[] {
  return endpointsOf(target).flatMap((endpoint) =>
    Object.entries(POISON).map(([name, text]) => {
      const body = `${endpoint.body},${text}}`
      return attack(`POST ${endpoint.path}: ${name}`, body, BAD, post(target, endpoint, body))
    }),
  )
}

/** One endpoint for each path. */
function oneOfEach(target: Target): Endpoint[] {
  return endpointsOf(target).slice(0, 3)
}

function whole(target: Target): Attack[] {
  return oneOfEach(target).flatMap((endpoint) =>
    Object.entries(WHOLE).map(([name, body]) => {
      // An empty body narrows nothing: it is a ticket like any other (C20).
      const isTicket = endpoint.path === '/tickets' && body === 'null'
      const expected = isTicket ? /^(201|400 bad_request)$/ : BAD
      return attack(`POST ${endpoint.path}: ${name}`, body, expected, post(target, endpoint, body))
    }),
  )
}

const TYPES = [
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'],
  ...['text/json', 'application/jsonp', 'application/json-patch+json', 'application', '*/*', ''],
  ...['text/plain; application/json', 'text/plain, application/json'],
]
const NO_JSON = /^(415 unsupported_media_type|400 bad_request)$/

/** What a form of another page can send without asking first must not be read as JSON (C4). */
function mediaTypes(target: Target): Attack[] {
  return oneOfEach(target).flatMap((endpoint) =>
    TYPES.map((type) => {
      const run = post(target, endpoint, `${endpoint.body}}`, type)
      const name = `POST ${endpoint.path} as ${type || 'nothing'}`
      return attack(name, `Content-Type: ${type}`, NO_JSON, run)
    }),
  )
}

type Message = [
  name: string,
  room: string,
  type: string,
  body: string | Buffer,
  expected: string | RegExp,
]

const JSON_ONLY = 'application/json'
const BYTES_NO_TEXT = Buffer.from([0xff, 0xfe])
const DEEP = '['.repeat(30_000) + ']'.repeat(30_000)
const FORM = 'application/x-www-form-urlencoded'
const OTHER_KIND = /^(415 unsupported_media_type|403 forbidden)$/

/** A message may be anything its room takes, and is never understood. */
const MESSAGES: readonly Message[] = [
  ['prototype keys are data', 'attack:a', JSON_ONLY, '{"__proto__":{"admin":true}}', '201'],
  ['no JSON', 'attack:a', JSON_ONLY, '{', BAD],
  ['nothing as JSON', 'attack:a', JSON_ONLY, '', BAD],
  ['deep', 'attack:a', JSON_ONLY, DEEP, /^(201|400 bad_request)$/],
  ['invalid UTF-8 as text', 'attack:a', 'text/plain', BYTES_NO_TEXT, BAD],
  ['invalid UTF-8 as JSON', 'attack:a', JSON_ONLY, Buffer.from([0x22, 0xff, 0x22]), BAD],
  ['text where JSON is due', 'json:a', 'text/plain', 'x', OTHER_KIND],
  ['a form', 'attack:a', FORM, 'a=b', '415 unsupported_media_type'],
  ['over messageBytes', 'attack:a', 'text/plain', 'x'.repeat(65_537), '413 too_large'],
  ['exactly messageBytes', 'attack:a', 'text/plain', 'x'.repeat(65_536), '201'],
]

function messages(target: Target): Attack[] {
  return MESSAGES.map(([name, room, type, body, expected]) => {
    const ask = posting(`/rooms/${room}/messages`, bearerHeaders(target.victim), body, type)
    return attack(`message: ${name}`, `${type} ${body}`, expected, () => target.words(ask))
  })
}

function sizes(target: Target): Attack {
  const endpoint = endpointsOf(target)[0] as Endpoint
  const body = `${endpoint.body},"pad":"${'x'.repeat(2_000_000)}"}`
  return attack(
    'POST /accounts: two megabytes',
    'a long unknown field',
    /^(413 too_large|nothing)$/,
    post(target, endpoint, body),
  )
}

function unpolluted(target: Target): Attack {
  return attack(
    'no prototype was changed',
    'GET /health/live',
    '{"status":"live"}',
    async () => (await target.ask({ path: '/health/live' })).body,
  )
}
