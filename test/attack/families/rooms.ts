// Names of rooms as weapons: control characters, encodings, look-alikes, patterns, other people's.
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, KEY_HEADERS, posting, type Target } from '../target.ts'
import type { Headers } from '../wire.ts'

/** As they stand in the path. All are refused for their form, or no path at all. */
const IN_PATHS: Record<string, string> = {
  'CR LF': 'attack:a%0D%0ASet-Cookie:%20usher=x',
  LF: 'attack:a%0A',
  NUL: 'attack:a%00',
  'NUL in front': '%00attack:a',
  escape: 'attack:%1B%5B31m',
  'zero width': 'attack:a%E2%80%8B',
  'cyrillic look-alike': '%D0%B0ttack:a',
  'full width': '%EF%BD%81ttack:a',
  'right to left': 'attack:a%E2%80%AEb',
  'combining accent': 'attack:a%CC%81',
  emoji: 'attack:%F0%9F%98%80',
  'invalid UTF-8': 'attack:%FF%FE',
  'overlong UTF-8': 'attack:%C0%AE',
  'lone surrogate': 'attack:%ED%A0%80',
  'broken encoding': 'attack:%E0%A4%A',
  'half an escape': 'attack:%',
  'double encoding': 'attack%253Aa',
  'double encoded slash': 'attack:a%252F..',
  'encoded slash': 'attack:a%2Fmessages',
  'encoded backslash': 'attack:a%5Cb',
  'hash tag': 'attack:%7Ba%7D',
  braces: '{attack:a}',
  star: '*',
  'star behind': 'attack:*',
  dollar: 'attack:a$receipts',
  'encoded dollar': 'attack:a%24receipts',
  question: 'attack:a%3Fb',
  hash: 'attack:a%23b',
  space: 'attack:a%20b',
  plus: 'attack:a+b',
  semicolon: 'attack:a;x=y',
  comma: 'attack:a,attack:b',
  quote: "attack:a'--",
  'double quote': 'attack:a%22',
  angle: 'attack:%3Cscript%3E',
  '129 characters': 'a'.repeat(129),
  '300 characters': 'a'.repeat(300),
  '9,000 characters': 'a'.repeat(9_000),
}
/** Fits the form and belongs to no user, so it must look like any room that one may not enter. */
const FORBIDDEN: Record<string, string> = {
  'two dots': '..',
  'two dots, encoded': '%2e%2e',
  dot: '.',
  'no rule': 'nowhere',
  'upper case': 'ATTACK:a',
  __proto__: '__proto__',
  constructor: 'constructor',
  hasOwnProperty: 'hasOwnProperty',
  '128 characters': 'a'.repeat(128),
}

export const rooms: Family = {
  title: 'rooms',
  parts: [
    (target) => httpRoutes(target, IN_PATHS, /^40[04] (bad_request|not_found)$/),
    (target) => httpRoutes(target, FORBIDDEN, /^403 forbidden$/),
    personal,
    inBodies,
    spoofed,
    logged,
  ],
}

function httpRoutes(target: Target, names: Record<string, string>, expected: RegExp): Attack[] {
  const headers = bearerHeaders(target.victim)
  return Object.entries(names).flatMap(([name, room]) => {
    const path = `/rooms/${room}`
    const message = posting(`${path}/messages`, headers, 'x', 'text/plain')
    return [
      attack(`upgrade: ${name}`, path, expected, () => target.upgraded(path, headers)),
      attack(`GET: ${name}`, path, expected, () => target.words({ path, headers })),
      attack(`POST message: ${name}`, path, expected, () => target.words(message)),
    ]
  })
}

/** The victim's own room, written in every way that might slip through. */
function personal(target: Target): Attack[] {
  const { user } = target.victim
  const headers = bearerHeaders(target.stranger)
  const spellings: Record<string, string> = {
    'as it is': `user:${user}`,
    'colon encoded': `user%3A${user}`,
    'first letter encoded': `%75ser:${user}`,
    'all encoded': [...`user:${user}`].map(encodedByte).join(''),
    'upper case': `USER:${user}`,
    'no id': 'user:',
    'with a dot': `user:${user}.`,
    'of a prototype': 'user:__proto__',
  }
  const own = (name: string, run: () => Promise<string>): Attack => {
    return attack(`personal room of another: ${name}`, name, '403 forbidden', run)
  }
  return Object.entries(spellings).flatMap(([name, room]) => [
    own(`${name}, upgrade`, () => target.upgraded(`/rooms/${room}`, headers)),
    own(`${name}, GET`, () => target.words({ path: `/rooms/${room}`, headers })),
    own(`${name}, POST`, () => target.words(posting(`/rooms/${room}/messages`, headers, '1'))),
  ])
}

function encodedByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function inBodies(target: Target): Attack[] {
  const odd = ['', ' ', '..\u0000', 'a\r\nb', 'a/b', '*', '{a}', 'a$b', 'а', 'a\n', 'a'.repeat(129)]
  return odd.map((room) => {
    const body = JSON.stringify({ rooms: [room] })
    const name = `in POST /tickets: ${JSON.stringify(room).slice(0, 20)}`
    const ask = posting('/tickets', bearerHeaders(target.victim), body)
    return attack(name, body, '400 bad_request', () => target.words(ask))
  })
}

/** Publishing in a name that is not one's own. */
function spoofed(target: Target): Attack[] {
  const post = (query: string, headers: Headers) =>
    posting(`/rooms/attack:a/messages?${query}`, headers, 'x', 'text/plain')
  const stranger = bearerHeaders(target.stranger)
  const cases: [string, string, Headers, RegExp][] = [
    ['as another user', `user=${target.victim.user}`, stranger, /^403 forbidden$/],
    ['as oneself', `user=${target.stranger.user}`, stranger, /^403 forbidden$/],
    ['as two users with a server key', 'user=a&user=b', KEY_HEADERS, /^400 bad_request$/],
    ['as a user with a newline', 'user=a%0Ab', KEY_HEADERS, /^400 bad_request$/],
    ['as a prototype', '__proto__=x&constructor=y', stranger, /^(201|400 bad_request)$/],
    ['as nobody', '', [], /^401 unauthorized$/],
  ]
  return cases.map(([name, query, headers, expected]) =>
    attack(`publish ${name}`, query, expected, () => target.words(post(query, headers))),
  )
}

/** A name that got into the log must not have made a line of its own there. */
function logged(target: Target): Attack {
  return attack(
    'no name made a log line of its own',
    'the names above',
    'every line is JSON',
    async () => {
      const lines = target.server.program.output.split('\n').slice(0, -1)
      const odd = lines.find((line) => !isJsonLine(line))
      return odd === undefined ? 'every line is JSON' : odd
    },
  )
}

function isJsonLine(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
