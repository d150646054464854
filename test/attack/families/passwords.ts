// Log-in under fire: many wrong passwords from many addresses while another user logs in, names
// that answers might betray, and passwords that are no words.
import { type Attack, attack, type Family } from '../attack.ts'
import { posting, type Target } from '../target.ts'
import { type Answer, pause, wordsOf } from '../wire.ts'

/** So many addresses as a stranger can have here, none of them said in a header. */
const ADDRESSES = 200
const AT_ONCE = 40
const TRIES_MAX = 8
const BYSTANDER = '127.44.0.1'
/** Forty stand in line for two places, and each place takes its time on a busy machine. */
const PATIENCE_MS = 60_000

export const passwords: Family = { title: 'passwords', parts: [guessing] }

function guessing(target: Target): Attack[] {
  return [
    ...odd(target),
    ...enumeration(target),
    floodOf(target, {
      name: 'of names that no account has',
      count: target.short ? 80 : 10_000,
      at: (n) => `nobody${n}`,
      seconds: '127.41',
    }),
    floodOf(target, {
      name: 'of one account',
      count: target.short ? 24 : 500,
      at: () => 'victim',
      seconds: '127.42',
    }),
    ownerUnderFire(target),
  ]
}

interface LogIn {
  username: unknown
  password: unknown
  from?: string
}

function logIn(target: Target, { from, ...body }: LogIn): Promise<Answer> {
  const patient = { ...posting('/session', [], JSON.stringify(body)), ms: PATIENCE_MS }
  return target.ask(from === undefined ? patient : { ...patient, from })
}

interface Flood {
  name: string
  count: number
  /** The username of a try. */
  at(n: number): string
  /** The first two numbers of the addresses. */
  seconds: string
}

/** Guesses `count` passwords, some at once, and gives the statuses. `stop` ends it early. */
async function guess(target: Target, flood: Flood, stop = () => false) {
  const seen = new Map<string, number>()
  let next = 0
  const one = async (): Promise<void> => {
    while (next < flood.count && !stop()) {
      const n = next
      next += 1
      const from = `${flood.seconds}.${1 + (n % ADDRESSES)}.1`
      const words = wordsOf(
        await logIn(target, { username: flood.at(n), password: `wrong ${n}`, from }),
      )
      seen.set(words, (seen.get(words) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return seen
}

interface CameIn {
  /** How many tries it took; infinite when it never came. */
  tries: number
  ms: number
}

/** While that goes on, another user logs in again and again from an address of their own. */
function floodOf(target: Target, flood: Flood): Attack {
  return attack(
    `${flood.count} wrong passwords ${flood.name}, another user logs in`,
    `from ${ADDRESSES} addresses, ${AT_ONCE} at once`,
    /^(\d+) of \1 came in, at most [1-8] tries and \d+ ms; (\d+ of (401|429|503) \w+,? ?)+$/,
    async () => {
      const guest = await target.newPerson()
      let under = true
      const guesses = guess(target, flood).finally(() => {
        under = false
      })
      const logIns: CameIn[] = []
      while (under || logIns.length < 3) {
        logIns.push(await comeIn(target, guest))
        await pause(target.short ? 100 : 1_000)
      }
      const kinds = [...(await guesses)].map(([words, count]) => `${count} of ${words}`)
      return `${logInWords(logIns)}; ${kinds.sort().join(', ')}`
    },
  )
}

function logInWords(logIns: readonly CameIn[]): string {
  const inside = logIns.filter(({ tries }) => tries <= TRIES_MAX)
  const tries = Math.max(...logIns.map((logIn) => logIn.tries))
  const slowest = Math.round(Math.max(...logIns.map(({ ms }) => ms)))
  return `${inside.length} of ${logIns.length} came in, at most ${tries} tries and ${slowest} ms`
}

/** Waits between tries as the server says. */
async function comeIn(
  target: Target,
  who: { username: string; password: string },
): Promise<CameIn> {
  const { username, password } = who
  const start = performance.now()
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const answer = await logIn(target, { username, password, from: BYSTANDER })
    if (answer.status === 200) return { tries, ms: performance.now() - start }
    await pause(1_000 * Math.min(5, Number(answer.headers.get('retry-after') ?? 1)))
  }
  return { tries: Number.POSITIVE_INFINITY, ms: performance.now() - start }
}

/** The account itself is guessed at: that does not shut its owner out (C13). */
function ownerUnderFire(target: Target): Attack {
  return attack(
    'the owner of a guessed account comes in meanwhile',
    `guesses at one account from ${ADDRESSES} addresses, ${target.short ? 40 : 720} at once`,
    /^came in after [1-8] tries$/,
    async () => {
      const guest = await target.newPerson()
      let done = false
      const flood = { name: '', count: 4_000, at: () => guest.username, seconds: '127.43' }
      await comeIn(target, guest)
      const crowd = target.short ? 1 : 18
      const guesses = Array.from({ length: crowd }, () => guess(target, flood, () => done))
      await pause(target.short ? 800 : 6_000)
      const { tries } = await comeIn(target, guest)
      done = true
      if (!target.short) await Promise.all(guesses)
      return tries <= TRIES_MAX ? `came in after ${tries} tries` : 'was shut out'
    },
  )
}

type Look = (username: string, from: string) => Promise<Answer>

/** Whether a name has an account must not show: same status, headers, words, and about the time. */
function enumeration(target: Target): Attack[] {
  const look: Look = (username, from) => logIn(target, { username, password: 'not this', from })
  return [
    attack(
      'an unknown name and a wrong password answer alike',
      'both, and the answers compared byte for byte',
      'alike',
      async () => {
        const known = shapeOf(await look('stranger', '127.45.0.1'))
        const unknown = shapeOf(await look('nobody-at-all', '127.45.0.2'))
        return known === unknown ? 'alike' : `${known} and ${unknown}`
      },
    ),
    attack(
      'and take the same time',
      'medians of four each',
      /^alike: medians of \d+ and \d+ ms$/,
      () => timing(look),
    ),
    attack('names are taken whatever their case', 'POST /accounts VICTIM', '409 conflict', () =>
      signUpWords(target, 'VICTIM', '127.46.0.2'),
    ),
    attack(
      'asking which names are taken is slowed down',
      '14 sign-ups for a taken name from one address',
      /^(409 conflict,)+(429 too_many_requests,?)+$/,
      async () => {
        const seen: string[] = []
        for (let n = 0; n < 14; n += 1) seen.push(await signUpWords(target, 'victim', '127.46.0.1'))
        return seen.join(',')
      },
    ),
  ]
}

function shapeOf({ status, headers, body }: Answer): string {
  return `${status} ${[...headers].filter(([name]) => name !== 'date').join(';')} ${body}`
}

async function signUpWords(target: Target, username: string, from: string): Promise<string> {
  const body = JSON.stringify({ username, password: 'long enough' })
  return target.words({ ...posting('/accounts', [], body), from })
}

const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0

/** Without the work of a hash an unknown name would be told many times faster. */
async function timing(look: Look): Promise<string> {
  const known: number[] = []
  const unknown: number[] = []
  const time = async (times: number[], username: string, from: string): Promise<void> => {
    const start = performance.now()
    await look(username, from)
    times.push(performance.now() - start)
  }
  // An account that was guessed at five times is held.
  for (let n = 0; n < 4; n += 1) {
    await time(known, 'stranger', `127.47.${n}.1`)
    await time(unknown, `nobody${n}`, `127.47.${n}.2`)
  }
  const [one, other] = [median(known), median(unknown)]
  const words = `medians of ${one.toFixed(0)} and ${other.toFixed(0)} ms`
  return Math.max(one, other) < 3 * Math.min(one, other) ? `alike: ${words}` : words
}

/** Passwords and names that are no words: a plain refusal, soon. */
function odd(target: Target): Attack[] {
  const attempts: [string, unknown, unknown, RegExp][] = [
    ['a password of 257 characters', 'odd', 'x'.repeat(257), /^400 bad_request$/],
    ['a password of 900 KB', 'odd', 'x'.repeat(900_000), /^400 bad_request$/],
    ['a password of 3 MB', 'odd', 'x'.repeat(3_000_000), /^(413 too_large|nothing)$/],
    ['an empty password', 'odd', '', /^400 bad_request$/],
    ['256 combining characters', 'odd', '\u0301'.repeat(256), /^401 unauthorized$/],
    ['256 characters that normalise to 18 each', 'odd', '\ufdfa'.repeat(256), /^401 unauthorized$/],
    ['NUL in the password', 'odd', 'a\0b\0c', /^401 unauthorized$/],
    ['half a surrogate', 'odd', '\ud800', /^401 unauthorized$/],
    ['a password as array', 'odd', ['x'], /^400 bad_request$/],
    ['a password as object', 'odd', { $ne: '' }, /^400 bad_request$/],
    ['a password as true', 'odd', true, /^400 bad_request$/],
    ['SQL as name', "' OR 1=1 --", 'x', /^401 unauthorized$/],
    ['a name of 65 characters', 'n'.repeat(65), 'x', /^400 bad_request$/],
    ['a name with NUL', 'victim\0', 'correct horse battery', /^401 unauthorized$/],
    ['a name with a space', 'victim ', 'correct horse battery', /^401 unauthorized$/],
    ['a name in full width', '\uff56ictim', 'correct horse battery', /^401 unauthorized$/],
    ['a name with a dotless i', 'v\u0131ct\u0131m', 'correct horse battery', /^401 unauthorized$/],
    ['a name with a Kelvin sign', '\u212a', 'x', /^401 unauthorized$/],
    ['__proto__ as name', '__proto__', 'x', /^401 unauthorized$/],
  ]
  return attempts.map(([name, username, password, expected], at) =>
    attack(name, `${JSON.stringify(username)} ${JSON.stringify(password)}`, expected, async () =>
      wordsOf(await logIn(target, { username, password, from: `127.48.0.${1 + at}` })),
    ),
  )
}
