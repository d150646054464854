// Names of rooms as weapons: control characters, encodings, look-alikes, patterns, other people's.
import type { Attack, Family } from '../attack.ts'
import { bearerHeaders, JSON_TYPE, SERVER_KEY, type Target } from '../target.ts'
import { type Headers, upgradeWords, wordsOf } from '../wire.ts'

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
  attacks: (target) => [
    ...Object.entries(IN_PATHS).flatMap(([name, room]) =>
      httpRoutes(target, { name, room, expected: /^40[04] (bad_request|not_found)$/ }),
    ),
    ...Object.entries(FORBIDDEN).flatMap(([name, room]) =>
      httpRoutes(target, { name, room, expected: /^403 forbidden$/ }),
    ),
    ...personal(target),
    ...inBodies(target),
    ...spoofed(target),
    logged(target),
  ],
}

interface Named {
  name: string
  room: string
  expected: RegExp
}

function httpRoutes(target: Target, { name, room, expected }: Named): Attack[] {
  const headers = bearerHeaders(target.victim)
  const path = `/rooms/${room}`
  const text: Headers = [...headers, ['Content-Type', 'text/plain']]
  return [
    {
      name: `upgrade: ${name}`,
      sent: path,
      expected,
      run: () => upgradeWords(target.port, path, headers),
    },
    {
      name: `GET: ${name}`,
      sent: path,
      expected,
      run: async () => wordsOf(await target.ask({ path, headers })),
    },
    {
      name: `POST message: ${name}`,
      sent: path,
      expected,
      run: async () =>
        wordsOf(
          await target.ask({ method: 'POST', path: `${path}/messages`, headers: text, body: 'x' }),
        ),
    },
  ]
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
    return { name: `personal room of another: ${name}`, sent: name, expected: '403 forbidden', run }
  }
  return Object.entries(spellings).flatMap(([name, room]) => [
    own(`${name}, upgrade`, () => upgradeWords(target.port, `/rooms/${room}`, headers)),
    own(`${name}, GET`, async () => wordsOf(await target.ask({ path: `/rooms/${room}`, headers }))),
    own(`${name}, POST`, async () =>
      wordsOf(
        await target.ask({
          method: 'POST',
          path: `/rooms/${room}/messages`,
          headers: [...headers, ...JSON_TYPE],
          body: '1',
        }),
      ),
    ),
  ])
}

function encodedByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function inBodies(target: Target): Attack[] {
  const names = [
    '',
    ' ',
    '..\u0000',
    'a\r\nb',
    'a/b',
    '*',
    '{a}',
    'a$b',
    'а',
    'a'.repeat(129),
    'a\n',
  ]
  return names.map((room) => ({
    name: `in POST /tickets: ${JSON.stringify(room).slice(0, 20)}`,
    sent: JSON.stringify({ rooms: [room] }),
    expected: '400 bad_request',
    run: async () =>
      wordsOf(
        await target.ask({
          method: 'POST',
          path: '/tickets',
          headers: [...bearerHeaders(target.victim), ...JSON_TYPE],
          body: JSON.stringify({ rooms: [room] }),
        }),
      ),
  }))
}

/** Publishing in a name that is not one's own. */
function spoofed(target: Target): Attack[] {
  const text: Headers = [['Content-Type', 'text/plain']]
  const key: Headers = [['Authorization', `Bearer ${SERVER_KEY}`]]
  const post = (query: string, headers: Headers, body = 'x') =>
    target.ask({
      method: 'POST',
      path: `/rooms/attack:a/messages?${query}`,
      headers: [...headers, ...text],
      body,
    })
  const stranger = bearerHeaders(target.stranger)
  const cases: [string, string, Headers, RegExp][] = [
    ['as another user', `user=${target.victim.user}`, stranger, /^403 forbidden$/],
    ['as oneself', `user=${target.stranger.user}`, stranger, /^403 forbidden$/],
    ['as two users with a server key', 'user=a&user=b', key, /^400 bad_request$/],
    ['as a user with a newline', 'user=a%0Ab', key, /^400 bad_request$/],
    ['as a prototype', '__proto__=x&constructor=y', stranger, /^(201|400 bad_request)$/],
    ['as nobody', '', [], /^401 unauthorized$/],
  ]
  return cases.map(([name, query, headers, expected]) => ({
    name: `publish ${name}`,
    sent: query,
    expected,
    run: async () => wordsOf(await post(query, headers)),
  }))
}

/** A name that got into the log must not have made a line of its own there. */
function logged(target: Target): Attack {
  return {
    name: 'no name made a log line of its own',
    sent: 'the names above',
    expected: 'every line is JSON',
    run: async () => {
      const lines = target.server.program.output.split('\n').slice(0, -1)
      const odd = lines.find((line) => !isJsonLine(line))
      return odd === undefined ? 'every line is JSON' : odd
    },
  }
}

function isJsonLine(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
