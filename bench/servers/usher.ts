// Usher as operators run it: its own process with accounts, rules, limits and a database on disk.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Opening } from '../load/orders.ts'
import {
  type Contender,
  type Credential,
  fileIn,
  nodeCommand,
  RAW,
  type Running,
} from './contender.ts'
import { ServerProcess } from './process.ts'

const SERVER = fileIn('../../src/server.ts')
const KEY = 'bench-key-of-twenty-four-characters-and-more'
const PERSON = { username: 'bench', password: 'correct horse battery' }
const AT_ONCE = 64

/** So high that no limit is ever hit, and all are counted. */
const HIGH = 100_000_000
const RULES = {
  rooms: [
    { match: 'open:*', join: ['anyone'], publish: ['anyone'], history: false },
    { match: 'bench:*', history: false },
    { match: 'stored:*', history: { messages: 10_000 } },
  ],
  limits: {
    connections: HIGH,
    connectionsPerUser: HIGH,
    connectionsPerAddress: HIGH,
    messagesPerSecond: HIGH,
    bytesPerSecond: HIGH,
    handshakesPerSecond: HIGH,
    pendingConnections: HIGH,
    pendingPerAddress: HIGH,
    ticketsPerMinute: HIGH,
  },
}

export const USHER: Contender = {
  name: 'usher',
  missing: () => null,
  async start(pin) {
    const folder = await mkdtemp(join(tmpdir(), 'usher-bench-'))
    const rules = join(folder, 'rules.json')
    await writeFile(rules, JSON.stringify(RULES))
    const env = {
      PORT: '0',
      USHER_DATA: join(folder, 'data'),
      USHER_CONFIG: rules,
      USHER_API_KEYS: `bench:${KEY}`,
      USHER_DRAIN_SECONDS: '1',
    }
    const launch = { command: nodeCommand(SERVER), env, hasProbe: true }
    const process = await ServerProcess.start(pin, launch)
    return running(process, folder)
  },
}

function running(process: ServerProcess, folder: string): Running {
  const door = `http://127.0.0.1:${process.port}`
  return {
    process,
    target: { port: process.port, speech: RAW },
    credentials: (openings, credential) => WAYS_IN[credential](door, openings),
    async post() {
      const authorization = `Bearer ${await accessToken(door)}`
      const headers = { authorization, 'content-type': 'application/json' }
      return { path: '/rooms/bench:0/messages', headers }
    },
    async end() {
      await process.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type WayIn = (door: string, openings: readonly Opening[]) => Promise<Opening[]>

const WAYS_IN: Record<Credential, WayIn> = {
  ticket: withTickets,
  async cookie(door, openings) {
    const cookie = await cookieOf(door)
    return openings.map((opening) => into(opening, { headers: { cookie, origin: door } }))
  },
  async 'server key'(_door, openings) {
    const headers = { authorization: `Bearer ${KEY}` }
    return openings.map((opening) => into(opening, { headers }))
  },
  async nobody(_door, openings) {
    return openings.map((opening) => ({ ...opening, path: `/rooms/open:${opening.room}` }))
  },
}

function into(opening: Opening, { query = '', headers = {} }): Opening {
  const pattern = opening.isStored ? 'stored' : 'bench'
  return { ...opening, path: `/rooms/${pattern}:${opening.room}${query}`, headers }
}

/** Everyone is a user of their own, as an application with its own log in would have it. */
async function withTickets(door: string, openings: readonly Opening[]): Promise<Opening[]> {
  const done: Opening[] = []
  const queue = openings.values()
  const fetching = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const ticket = await ticketFor(door, `guest-${next.value.number}`)
      done.push(into(next.value, { query: `?ticket=${ticket}` }))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fetching))
  return done.sort((one, other) => one.number - other.number)
}

async function ticketFor(door: string, user: string): Promise<string> {
  const authorization = `Bearer ${KEY}`
  const answer = await post(`${door}/tickets`, { user }, { authorization })
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

async function cookieOf(door: string): Promise<string> {
  await post(`${door}/accounts`, PERSON)
  const answer = await post(`${door}/session`, PERSON, { origin: door })
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

async function accessToken(door: string): Promise<string> {
  await post(`${door}/accounts`, PERSON)
  const answer = await post(`${door}/session`, { ...PERSON, client: 'app' })
  const { accessToken } = (await answer.json()) as { accessToken: string }
  return accessToken
}
