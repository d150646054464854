// One user, one address, or the /64s of one /48 fill what all clients share: they get their part of
// it and a refusal, and the others, and the back ends, do not notice (S43).
import { type Attack, attack, type Family } from '../attack.ts'
import { address, type Counted, CROWD_ENV, crowd, from, network, user } from '../crowd.ts'
import { findTarget, KEY_HEADERS, posting, type Target } from '../target.ts'
import {
  type Ask,
  firstAnswer,
  type Headers,
  openSocket,
  pause,
  UPGRADE_HEADERS,
  upgradeBytes,
  wordsOf,
} from '../wire.ts'

const LIMITS = {
  ...{ connectionsPerUser: 20, connectionsPerAddress: 40, pendingPerAddress: 10 },
  ...{ pendingConnections: 100, requestsPerSecondPerAddress: null },
  ...{ ticketsPerMinute: null, messagesPerSecond: null, bytesPerSecond: null },
}
const RATES = {
  ...{ handshakesPerSecond: 400, requestsPerSecondPerAddress: 100, signUpsPerHourPerAddress: 5 },
}

export const shares: Family = { title: 'shares', homes: ['alone'], parts: [filling, rating] }

async function filling({ short }: Target): Promise<Attack[]> {
  const target = await findTarget(short, 'alone', { limits: LIMITS, env: CROWD_ENV })
  const long = short ? [] : [...idempotencyKeys(target), ...passwords(target)]
  return [...tickets(target), ...sockets(target), ...long, ending(target)]
}

async function rating({ short }: Target): Promise<Attack[]> {
  const target = await findTarget(short, 'alone', { limits: RATES, env: CROWD_ENV })
  return [...rates(target), ending(target)]
}

function ending({ server }: Target): Attack {
  return attack('the server of these is ended', 'SIGTERM', 'ended', async () => {
    await server.stop()
    return 'ended'
  })
}

function filled({ inside, refusals }: Counted, limit: number, others: string): string {
  const isPart = inside <= limit && inside >= limit * 0.9
  const part = isPart ? 'their part' : `${inside} instead of ${limit}`
  return `${part}, ${refusals.join(' and ') || 'no refusal'}; others ${others}`
}

/** What one user, or one address, has of a bound that an operator does not set: 5 or 10 of 100. */
const KEYS_OF_USER = 5_000
const KEYS_OF_ADDRESS = 10_000
const TICKETS_OF_USER = 220
/** As many users as fill the part of an address. */
const USERS = 8

const HELD = 'their part, 429 too_many_requests; others 201'

function tickets(target: Target): Attack[] {
  const rooms = Array.from({ length: 128 }, (_, n) => `attack:${'x'.repeat(115)}${n}`)
  const ordering = (who: Headers, more: object = {}): Ask =>
    posting('/tickets', [...who, ...from(address(1))], JSON.stringify({ rooms, ttl: 30, ...more }))
  return [
    attack('tickets by one user', 'tickets of 16 KB, and two others order one', HELD, async () => {
      const who = await user('greedy')
      const counted = await crowd(target, 2 * TICKETS_OF_USER, () => ordering(who))
      const other = await target.words(ordering(await user('modest')))
      const key = await target.words(ordering(KEY_HEADERS, { user: 'acme:1' }))
      return filled(counted, TICKETS_OF_USER, other === key ? key : `${other} and ${key}`)
    }),
  ]
}

function idempotencyKeys(target: Target): Attack[] {
  const publishing = (who: Headers, where: string, n: number): Ask => {
    const headers: Headers = [...who, ...from(where), ['Idempotency-Key', `key-${n}`]]
    return posting('/rooms/attack:keys/messages', headers, 'x', 'text/plain')
  }
  const spread = (n: number) => address(n >> 6)
  const other = async () => target.words(publishing(await user('modest'), address(200), Date.now()))
  return [
    attack('idempotency keys by one user', `${KEYS_OF_USER + 500} of them`, HELD, async () => {
      const who = await user('greedy')
      const counted = await crowd(target, KEYS_OF_USER + 500, (n) => publishing(who, spread(n), n))
      return filled(counted, KEYS_OF_USER, await other())
    }),
    attack('idempotency keys by one address', 'those of eight users', HELD, async () => {
      const users = await Promise.all(Array.from({ length: USERS }, (_, n) => user(`greedy${n}`)))
      const counted = await crowd(target, KEYS_OF_ADDRESS + 500, (n) => {
        return publishing(users[n % USERS] ?? [], address(201), n)
      })
      return filled(counted, KEYS_OF_ADDRESS, await other())
    }),
  ]
}

function passwords(target: Target): Attack[] {
  const logIn = (where: string, { username, password } = target.victim): Ask => {
    return posting('/session', from(where), JSON.stringify({ username, password }))
  }
  const beside = async (where: (n: number) => string): Promise<string> => {
    let isOver = false
    const flood = async (n: number): Promise<void> => {
      while (!isOver) await target.ask({ ...logIn(where(n)), ms: 20_000 })
    }
    const floods = Array.from({ length: 240 }, (_, n) => flood(n))
    await pause(1_000)
    const start = performance.now()
    const words = await target.words({ ...logIn(address(250), target.stranger), ms: 20_000 })
    const ms = performance.now() - start
    isOver = true
    await Promise.all(floods)
    return ms < 5_000 ? `${words} in time` : `${words} after ${Math.round(ms)} ms`
  }
  return [
    attack('right passwords from one address', '240 at once, and one elsewhere', IN_TIME, () =>
      beside(() => address(1)),
    ),
    attack('right passwords from 12 addresses', '240 at once, and one elsewhere', IN_TIME, () =>
      beside((n) => address(n % 12)),
    ),
    attack('right passwords from one /48', '240 at once, and one elsewhere', IN_TIME, () =>
      beside(network),
    ),
  ]
}

const IN_TIME = '200 in time'

function sockets(target: Target): Attack[] {
  const undecided = '/rooms/attack:full?auth=message'
  const cases: [string, number, number, string, (n: number) => Headers][] = [
    ['undecided connections of one address', 30, 10, undecided, () => from(address(1))],
    ['undecided connections of one /48', 80, 40, undecided, (n) => from(network(n))],
    ['connections of one address', 60, 40, '/rooms/open:full', () => from(address(2))],
    ['connections of one /48', 200, 160, '/rooms/open:full', (n) => from(network(n))],
  ]
  return [
    ...cases.map(([name, count, limit, path, who]) =>
      attack(name, `${count} of them`, 'their part, 429 too_many_requests; others 101', async () =>
        opened(target, { count, limit, path, who }),
      ),
    ),
    attack(
      'connections of one user',
      '40 of them',
      'their part, 429 too_many_requests; others 101',
      async () => {
        const own = await user('many')
        const who = (n: number): Headers => [...own, ...from(address(n))]
        const other = await user('modest')
        return opened(target, { count: 40, limit: 20, path: '/rooms/attack:full', who, other })
      },
    ),
    attack(
      'undecided connections of all addresses',
      'ten each of 12 addresses, and one more elsewhere',
      '101, and an older one was closed',
      () => displaced(target, undecided),
    ),
  ]
}

interface Opening {
  count: number
  limit: number
  path: string
  who(n: number): Headers
  /** The credential of another client. */
  other?: Headers
}

async function opened(target: Target, opening: Opening): Promise<string> {
  const { count, limit, path, who, other = [] } = opening
  const all = Array.from({ length: count }, (_, n) => open(target, path, who(n)))
  const opened = await Promise.all(all)
  const refused = opened.map(({ words }) => words).filter((word) => word !== '101')
  const others = await target.upgraded(path, [...other, ...from(address(240))])
  for (const { socket } of opened) socket.destroy()
  await pause(300)
  const counted = { inside: count - refused.length, refusals: [...new Set(refused)] }
  return filled(counted, limit, others)
}

async function open({ port }: Target, path: string, headers: Headers) {
  const socket = openSocket(port)
  return { socket, words: wordsOf(await firstAnswer(socket, upgradeBytes(path, headers))) }
}

async function displaced(target: Target, path: string): Promise<string> {
  const older = await Promise.all(
    Array.from({ length: 120 }, (_, n) => open(target, path, from(address(n % 12)))),
  )
  const newcomer = await open(target, path, from(address(241)))
  // A client that does not answer the close frame is cut a second later.
  await pause(2_000)
  const closed = older.filter(({ socket, words }) => words === '101' && socket.closed).length
  for (const { socket } of [...older, newcomer]) socket.destroy()
  return `${newcomer.words}, and ${closed > 0 ? 'an older one was closed' : 'none was closed'}`
}

function rates(target: Target): Attack[] {
  const handshake = (where: string): Ask => {
    return { path: '/rooms/attack:x', headers: [...UPGRADE_HEADERS, ...from(where)] }
  }
  const signUp = (n: number, where: string): Ask => {
    const body = JSON.stringify({ username: `crowd${where.length}n${n}`, password: 'long enough' })
    return posting('/accounts', from(where), body)
  }
  return [
    requests(target, 'one address', 2_000, BURST, () => address(3)),
    requests(target, 'one /48', 8_000, 4 * BURST, (n) => network(n & 127)),
    attack('refused handshakes of one address', '1,000 of them', '101', async () => {
      const flood = crowd(target, 1_000, () => handshake(address(4)))
      await pause(200)
      const own = await user('modest')
      const words = await target.upgraded('/rooms/attack:x', [...own, ...from(address(243))])
      await flood
      return words
    }),
    attack('sign-ups of one address', 'eight of them', HELD, async () => {
      const counted = await crowd(target, 8, (n) => signUp(n, address(5)))
      return filled(counted, 5, await target.words(signUp(0, address(244))))
    }),
  ]
}

/** Ten seconds of them may come at once; while they are sent some come back. */
const BURST = 1_000
const OTHERS_200 = 'their part, 429 too_many_requests; others 200'

function requests(
  target: Target,
  name: string,
  count: number,
  burst: number,
  where: (n: number) => string,
): Attack {
  const live = (where: string): Ask => ({ path: '/health/live', headers: from(where) })
  return attack(`requests of ${name}`, `${count} of them`, OTHERS_200, async () => {
    const start = performance.now()
    const counted = await crowd(target, count, (n) => live(where(n)))
    const back = (performance.now() - start) / 10_000
    const most = burst * (1.1 + back)
    const inside = counted.inside > most ? counted.inside : Math.min(counted.inside, burst)
    return filled({ ...counted, inside }, burst, await target.words(live(address(242))))
  })
}
