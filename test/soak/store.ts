// Large stores: fills one room with a million messages, 100,000 rooms with ten each, and then looks
// at each as an operator and a reader do, through a real process: node test/soak/store.ts
// [messages in the one room] [rooms] [messages in each]
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { openEngine } from '../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { SERVER_KEY } from '../support/app.ts'
import { asServer, call } from '../support/people.ts'
import type { Program } from '../support/program.ts'
import { addressOf, spawnServer } from '../support/server-process.ts'

const PAYLOAD = Buffer.alloc(200, 'x')
const APPENDS_AT_ONCE = 5_000
const PAGES = 200
const RULES = { rooms: [{ match: '*', history: { messages: 10_000_000 } }] }
const APPEND = { retention: { messages: 10_000_000, ageMs: null }, key: null, holder: NO_HOLDER }

interface Shape {
  rooms: number
  messages: number
}

const roomOf = (number: number): string => `chat:${number}`
const MEBIBYTE = 1_048_576
const inMebibytes = (bytes: number): number => Math.round(bytes / MEBIBYTE)
const rounded = (ms: number): number => Math.round(ms * 10) / 10

/** Says everything in turns over the rooms, as a living service would. */
async function fill(folder: string, { rooms, messages }: Shape): Promise<number> {
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
  const draft = { kind: 'text', payload: PAYLOAD, user: 'u_ada', name: null, origin: null } as const
  const began = performance.now()
  const total = rooms * messages
  for (let said = 0; said < total; said += APPENDS_AT_ONCE) {
    const count = Math.min(APPENDS_AT_ONCE, total - said)
    const appends = Array.from({ length: count }, (_, at) =>
      engine.log.append(roomOf((said + at) % rooms), draft, APPEND),
    )
    await Promise.all(appends)
  }
  const seconds = (performance.now() - began) / 1_000
  await engine.close()
  return seconds
}

/** Milliseconds until the store alone has given its first answer. */
async function openingMs(folder: string): Promise<number> {
  const began = performance.now()
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
  await engine.log.head(roomOf(0))
  const ms = performance.now() - began
  await engine.close()
  return rounded(ms)
}

/** The service itself, and how long it took from its start until it listened. */
async function start(folder: string): Promise<{ server: Program; url: string; openMs: number }> {
  const began = performance.now()
  const env = { USHER_DATA: folder, USHER_API_KEYS: `backend:${SERVER_KEY}` }
  const server = spawnServer({ env, cwd: folder, rules: RULES })
  return { server, url: await addressOf(server), openMs: performance.now() - began }
}

/** Milliseconds of one answer; throws when it is not as expected. */
async function timed(url: string, method: string, expected: object): Promise<number> {
  const began = performance.now()
  const body = method === 'POST' ? { body: 'one more' } : {}
  const { body: answer } = await call(url, method, { headers: asServer, ...body })
  const ms = performance.now() - began
  for (const [name, value] of Object.entries(expected)) {
    const found = Array.isArray(answer[name]) ? answer[name].length : answer[name]
    if (found !== value) throw new Error(`${url}: ${name} is ${found}, not ${value}`)
  }
  return ms
}

interface Times {
  first: number
  p50: number
  p99: number
}

/** One after another, each in the next of some rooms that lie far from each other. */
async function times(shape: Shape, one: (room: number) => Promise<number>): Promise<Times> {
  const all: number[] = []
  for (let at = 0; at < PAGES; at += 1) all.push(await one((at * 7_919) % shape.rooms))
  const sorted = all.toSorted((a, b) => a - b)
  const at = (part: number): number => rounded(sorted[Math.floor(PAGES * part)] ?? 0)
  return { first: rounded(all[0] ?? 0), p50: at(0.5), p99: at(0.99) }
}

async function look(folder: string, shape: Shape): Promise<object> {
  const { server, url, openMs } = await start(folder)
  const history = (room: number) => `${url}/rooms/${roomOf(room)}/messages`
  const messages = Math.min(100, shape.messages)
  const expected = { offset: shape.messages, messages }
  const memory = [server.rssMiB()]
  const read = (query: string) => (room: number) =>
    timed(`${history(room)}?limit=100&${query}`, 'GET', expected)
  const middle = Math.floor((shape.messages - messages) / 2)
  const oldestPage = await times(shape, read('after=0'))
  const middlePage = await times(shape, read(`after=${middle}&before=${middle + messages + 1}`))
  const newestPage = await times(shape, read('order=desc'))
  memory.push(server.rssMiB())
  const publish = await times(shape, (room) => timed(history(room), 'POST', {}))
  memory.push(server.rssMiB())
  const stopping = performance.now()
  const code = await server.end('SIGTERM')
  if (code !== 0) throw new Error(`the service ended with ${code}`)
  const closeMs = rounded(performance.now() - stopping)
  const pages = { oldestPage, middlePage, newestPage }
  return { openMs: rounded(openMs), closeMs, residentMebibytes: memory, ...pages, publish }
}

async function measure(shape: Shape): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-store-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const seconds = await fill(folder, shape)
  const perSecond = Math.round((shape.rooms * shape.messages) / seconds)
  const fileMebibytes = inMebibytes(statSync(`${folder}/usher.db`).size)
  const size = { ...shape, fileMebibytes, filledPerSecond: perSecond }
  const storeOpenMs = await openingMs(folder)
  const seen = await look(folder, shape)
  console.log(inspect({ ...size, storeOpenMs, ...seen }, { breakLength: 100, compact: 3 }))
  rmSync(folder, { recursive: true })
}

const [one = 1_000_000, rooms = 100_000, messages = 10] = process.argv.slice(2).map(Number)
await measure({ rooms: 1, messages: 1 })
await measure({ rooms: 1, messages: one })
await measure({ rooms, messages })
