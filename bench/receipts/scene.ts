// One row of the table: a fresh server, a busy room of so many participants, and what was heard.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { micros } from '../load/clock.ts'
import { Latencies } from '../load/latency.ts'
import { Server, tokenOf } from '../reconnect/server.ts'
import { fileIn } from '../servers/contender.ts'
import type { Asked, Heard } from './crowd-process.ts'
import type { Count, Kind, Telling } from './participant.ts'

export interface Scene {
  telling: Telling
  participants: number
  seconds: number
  /** Goes before the command of the server. */
  pin: readonly string[]
}

export interface Found {
  /** Lines and bytes per second, by what they are for. */
  perSecond: ReadonlyMap<Kind, Count>
  p50: number | null
  p99: number | null
  /** The share of a core that the server needed, all its threads together. */
  cpu: number
  /** Of the busiest process of participants. */
  loadBusy: number
  /** Deliveries of messages that did not come, and commands that were refused. */
  missing: number
  refused: number
}

const MESSAGES_PER_SECOND = 10
const TEXT = 'What people say to each other in a line, more or less.'
const PROCESSES = 2
const TICK_MS = 5
const WARM_MS = 2_000
/** The last messages are still on their way. */
const REST_MS = 1_000
/** High, so that the control is not refused. */
const LIMITS = {
  ...{ messagesPerSecond: 100_000, bytesPerSecond: 100_000_000, commandsPerSecond: 100_000 },
  ...{ storedBytesPerDayPerUser: null, newRoomsPerDayPerUser: null },
}
/** The control is spared the disk: its receipts are not kept. */
const ROOMS = [
  { match: 'kept:*', history: { messages: 10_000 }, receipts: 'members' },
  { match: 'passing:*', history: false },
]

export async function play(scene: Scene): Promise<Found> {
  const more = { rooms: ROOMS, limits: LIMITS }
  const server = await Server.start('raised', scene.pin, { more })
  const crowd = Array.from({ length: PROCESSES }, () => new CrowdProcess())
  try {
    return await measure(scene, server, crowd)
  } finally {
    for (const process of crowd) await process.end()
    await server.remove()
  }
}

async function measure(
  { telling, participants, seconds }: Scene,
  server: Server,
  crowd: readonly CrowdProcess[],
): Promise<Found> {
  const room = telling === 'each' ? 'passing:busy' : 'kept:busy'
  const setting = { port: server.port, room, telling }
  const tokens = Array.from({ length: participants }, (_, number) => tokenOf(`p${number}`))
  await all(crowd, (at) => {
    return { deed: 'join', setting, tokens: tokens.filter((_, n) => n % PROCESSES === at) }
  })
  const publisher = new Publisher(server, room)
  await sleep(WARM_MS)
  await all(crowd, () => ({ deed: 'begin' }))
  const before = { cpu: server.cpuSeconds(), at: performance.now() }
  await sleep(seconds * 1_000)
  const heard = await all(crowd, () => ({ deed: 'told' }))
  const took = (performance.now() - before.at) / 1_000
  const cpu = (server.cpuSeconds() - before.cpu) / took
  await publisher.stop()
  await sleep(REST_MS)
  const totals = await all(crowd, () => ({ deed: 'told' }))
  const messages = sum(totals.map((one) => one.messages))
  const refused = sum(totals.map((one) => one.refused))
  return {
    ...together(heard, took),
    ...{ cpu, refused, missing: publisher.sent * participants - messages },
  }
}

type Together = Omit<Found, 'cpu' | 'missing' | 'refused'>

function together(heard: readonly Heard[], took: number): Together {
  const latencies = new Latencies()
  const perSecond = new Map<Kind, Count>()
  for (const { kinds, latencies: counts } of heard) {
    latencies.add(counts)
    for (const [kind, { lines, bytes }] of kinds) {
      const known = perSecond.get(kind) ?? { lines: 0, bytes: 0 }
      const more = { lines: known.lines + lines / took, bytes: known.bytes + bytes / took }
      perSecond.set(kind, more)
    }
  }
  const loadBusy = Math.max(...heard.map(({ busy }) => busy))
  return { perSecond, p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), loadBusy }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function all(crowd: readonly CrowdProcess[], asked: (index: number) => Asked): Promise<Heard[]> {
  return Promise.all(crowd.map((one, index) => one.ask(asked(index))))
}

class CrowdProcess {
  readonly #child: ChildProcess

  constructor() {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    const options = { stdio: [...stdio], serialization: 'advanced' as const }
    this.#child = spawn(process.execPath, [fileIn('../receipts/crowd-process.ts')], options)
  }

  async ask(asked: Asked): Promise<Heard> {
    const answer = once(this.#child, 'message')
    this.#child.send(asked)
    const [{ result, error }] = (await answer) as [{ result: Heard; error?: string }]
    if (error !== undefined) throw new Error(error)
    return result
  }

  async end(): Promise<void> {
    const gone = once(this.#child, 'exit')
    if (this.#child.kill('SIGKILL')) await gone
  }
}

/** Publishes at its times, whether the server is late or not. */
class Publisher {
  sent = 0
  readonly #server: Server
  readonly #room: string
  readonly #timer: NodeJS.Timeout
  readonly #underway = new Set<Promise<void>>()
  readonly #began = micros()

  constructor(server: Server, room: string) {
    this.#server = server
    this.#room = room
    this.#timer = setInterval(() => this.#publishDue(), TICK_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underway)
  }

  #publishDue(): void {
    const due = this.#began + (this.sent * 1e6) / MESSAGES_PER_SECOND
    if (micros() < due) return
    this.sent += 1
    const publish = this.#publish({ at: due, number: this.sent, text: TEXT })
    this.#underway.add(publish)
    publish.finally(() => this.#underway.delete(publish))
  }

  async #publish(message: object): Promise<void> {
    const { url, authorization } = this.#server
    const answer = await fetch(`${url}/rooms/${this.#room}/messages`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(message),
    })
    if (!answer.ok) throw new Error(await answer.text())
    await answer.arrayBuffer()
  }
}
