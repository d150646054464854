// Usher as operators run it: its own process with accounts, rules, limits and a database on disk.
// Of this tree, or of another checkout, which is started from its own path.
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Credential, Opening } from '../load/orders.ts'
import { SPEECHES } from '../load/speeches.ts'
import { type Contender, fileIn, nodeCommand, type Running } from './contender.ts'
import { ServerProcess } from './process.ts'

const KEY = 'bench-key-of-twenty-four-characters-and-more'
const ACCOUNT = { username: 'bench', password: 'correct horse battery' }
const AT_ONCE = 64

/** So high that no limit is ever hit, and all are counted. */
const HIGH = 100_000_000
const RULES = [
  { match: 'open:*', join: ['anyone'], publish: ['anyone'], history: false },
  { match: 'bench:*', history: false },
  { match: 'stored:*', history: { messages: 10_000 } },
]
/** The limits that the load side would hit, in any tree that is measured. */
const RAISED = [
  ...['connections', 'connectionsPerUser', 'connectionsPerAddress', 'socketsPerAddress'],
  ...['messagesPerSecond', 'bytesPerSecond', 'requestsPerSecondPerAddress'],
  ...['handshakesPerSecond', 'pendingConnections', 'pendingPerAddress', 'pendingBytes'],
  ...['ticketsPerMinute', 'signUpsPerHourPerAddress', 'storedBytesPerDayPerUser'],
  ...['newRoomsPerDayPerUser', 'readBytesPerSecondPerUser', 'commandsPerSecond'],
]

/** `path` is that of another checkout; null is this one. `more` is added to its environment. */
export function usherOf(path: string | null, more: Record<string, string> = {}): Contender {
  const tree = resolve(path ?? fileIn('../..'))
  const server = join(tree, 'src/server.ts')
  return {
    name: path === null ? 'usher' : basename(tree),
    missing: () => (existsSync(server) ? null : `there is no ${server}`),
    async start(pin) {
      const folder = await mkdtemp(join(tmpdir(), 'usher-bench-'))
      const rules = join(folder, 'rules.json')
      await writeFile(rules, JSON.stringify({ rooms: RULES, limits: await limitsOf(tree) }))
      const env = {
        PORT: '0',
        USHER_DATA: join(folder, 'data'),
        USHER_CONFIG: rules,
        USHER_API_KEYS: `bench:${KEY}`,
        USHER_DRAIN_SECONDS: '1',
        ...more,
      }
      const launch = { command: nodeCommand(server), env, hasProbe: true }
      return running(await ServerProcess.start(pin, launch), folder)
    },
  }
}

/** A tree refuses limits that it does not know: an older one knows fewer. */
async function limitsOf(tree: string): Promise<Record<string, number>> {
  const file = pathToFileURL(join(tree, 'src/protocol/limits.ts')).href
  const { DEFAULT_LIMITS: known } = (await import(file)) as { DEFAULT_LIMITS: object }
  return Object.fromEntries(RAISED.filter((name) => name in known).map((name) => [name, HIGH]))
}

/** One node of a service on the Redis at this port. */
export function usherOn(port: number): Contender {
  return usherOf(null, {
    USHER_REDIS_URL: `redis://127.0.0.1:${port}`,
    USHER_SECRET: 'a-root-secret-for-a-benchmark-on-one-redis',
  })
}

function running(process: ServerProcess, folder: string): Running {
  const origin = `http://127.0.0.1:${process.port}`
  return {
    process,
    target: { port: process.port },
    credentials: (openings, credential) => CREDENTIALS[credential](origin, openings),
    async post() {
      const authorization = `Bearer ${await accessToken(origin)}`
      const headers = { authorization, 'content-type': 'application/json' }
      return { path: '/rooms/bench:0/messages', headers }
    },
    async end() {
      await process.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Openings = readonly Opening[]

const CREDENTIALS: Record<Credential, (origin: string, all: Openings) => Promise<Opening[]>> = {
  ticket: (origin, openings) => withTickets(origin, openings, false),
  'ticket for its rooms': (origin, openings) => withTickets(origin, openings, true),
  async cookie(origin, openings) {
    const cookie = await cookieOf(origin)
    return openings.map((opening) => into(opening, { headers: { cookie, origin } }))
  },
  async 'server key'(_origin, openings) {
    const headers = { authorization: `Bearer ${KEY}` }
    return openings.map((opening) => into(opening, { headers }))
  },
  async none(_origin, openings) {
    return openings.map((opening) => into(opening, { pattern: 'open' }))
  },
}

interface Way {
  headers?: Record<string, string>
  ticket?: string
  pattern?: string
}

/** The ticket stands where the client says who it is: in the path, or in the connect command. */
function into(opening: Opening, { headers = {}, ticket, pattern }: Way): Opening {
  const names = namesOf(opening, pattern)
  if (opening.speech.startsWith('rich')) {
    const isBinary = SPEECHES[opening.speech].opcode === 2
    const offer = isBinary ? { 'Sec-WebSocket-Protocol': 'centrifuge-protobuf' } : {}
    const path = '/connection/websocket'
    return { ...opening, path, names, token: ticket ?? null, headers: { ...offer, ...headers } }
  }
  const query = ticket === undefined ? '' : `?ticket=${ticket}`
  return { ...opening, path: `/rooms/${names[0]}${query}`, names, headers }
}

function namesOf({ rooms, isStored }: Opening, pattern = isStored ? 'stored' : 'bench'): string[] {
  return rooms.map((room) => `${pattern}:${room}`)
}

/** Each opening is a user of its own, as an application with its own log-in would have it. */
async function withTickets(
  origin: string,
  openings: Openings,
  isNarrow: boolean,
): Promise<Opening[]> {
  const done: Opening[] = []
  const queue = openings.values()
  const fetching = async (): Promise<void> => {
    for (const opening of queue) {
      const rooms = isNarrow ? { rooms: namesOf(opening) } : {}
      const ticket = await ticketFor(origin, { user: `guest-${opening.number}`, ...rooms })
      done.push(into(opening, { ticket }))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fetching))
  return done.sort((one, other) => one.number - other.number)
}

async function ticketFor(origin: string, wanted: object): Promise<string> {
  const authorization = `Bearer ${KEY}`
  const answer = await post(`${origin}/tickets`, wanted, { authorization })
  const { ticket } = (await answer.json()) as { ticket: string }
  return ticket
}

async function post(url: string, body: object, headers = {}): Promise<Response> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`)
  return answer
}

async function cookieOf(origin: string): Promise<string> {
  await post(`${origin}/accounts`, ACCOUNT)
  const answer = await post(`${origin}/session`, ACCOUNT, { origin })
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

async function accessToken(origin: string): Promise<string> {
  await post(`${origin}/accounts`, ACCOUNT)
  const answer = await post(`${origin}/session`, { ...ACCOUNT, client: 'app' })
  const { accessToken } = (await answer.json()) as { accessToken: string }
  return accessToken
}
