// The load side as the run sees it: several processes that share connections and publishers.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Busy, busyShare, LIMIT_SHARE } from './busy.ts'
import { micros } from './clock.ts'
import { Latencies } from './latency.ts'
import type { Opening, Part, PostOrder, Talk, Target } from './orders.ts'
import { judge, sum, type Verdict } from './verdict.ts'
import type { Deeds } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
const LEAD_MICROS = 100_000
const QUIET_MS = 1_000
/** Handshakes on their way at once, from all processes. */
const AT_ONCE = 200
const TURN_MS = 500
/**
 * The load side sends at ticks of a millisecond; when it is later than this, the figures include
 * it.
 */
const LATE_MS = 5

/** What several processes measured together. */
export interface Measured {
  perSecond: number
  p50: number | null
  p99: number | null
  /** How busy the busiest load process was, as a share of one core. */
  load: number
  /** Whether the load side may be what limited the figures. */
  wasLimit: boolean
  lateMs: number
  /** Bytes that came for each delivery; 0 where they are not counted. */
  bytesEach: number
}

type Result<Deed extends keyof Deeds> = Awaited<ReturnType<Deeds[Deed]>>

interface Answer {
  id: number
  result?: unknown
  error?: string
}

class Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #id = 0

  constructor(command: readonly string[]) {
    const [program = '', ...args] = [...command, process.execPath, WORKER]
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    this.#child = spawn(program, args, { stdio: [...stdio], serialization: 'advanced' })
    this.#child.on('message', (answer) => this.#onAnswer(answer as Answer))
    this.#child.on('error', (error) => this.#giveUp(error))
    this.#child.on('exit', () => this.#giveUp(new Error('a load process ended')))
  }

  ask<Deed extends keyof Deeds>(deed: Deed, order: unknown = null): Promise<Result<Deed>> {
    this.#id += 1
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#id, waiting)
    this.#child.send({ id: this.#id, deed, order })
    return waiting.promise as Promise<Result<Deed>>
  }

  #onAnswer({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }

  #giveUp(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

export class Load {
  readonly #workers: Worker[]

  /** `command` goes before each process: what pins it to its cores, or nothing. */
  constructor(processes: number, command: readonly string[]) {
    this.#workers = Array.from({ length: processes }, () => new Worker(command))
  }

  /** Resolves with connections per second. */
  async connect(target: Target, openings: readonly Opening[], turnMs = TURN_MS): Promise<number> {
    const of = this.#workers.length
    const atOnce = Math.max(1, Math.floor(AT_ONCE / of))
    const seconds = await this.#askAll('connect', (part) => ({
      ...{ target, atOnce, turnMs },
      openings: openings.filter((_, index) => index % of === part),
    }))
    return openings.length / Math.max(...seconds)
  }

  async talk(talk: Talk): Promise<Measured> {
    const startsAt = micros() + LEAD_MICROS
    const of = this.#workers.length
    return together(
      await this.#askAll('talk', (index) => ({ ...talk, startsAt, part: { index, of } })),
    )
  }

  async post(order: PostOrder): Promise<Measured & { failed: number; all: number }> {
    const connections = Math.ceil(order.connections / this.#workers.length)
    const parts = await this.#askAll('post', () => ({ ...order, connections }))
    const failed = sum(parts.map((part) => part.failed))
    return { ...together(parts), failed, all: sum(parts.map(({ all }) => all)) }
  }

  /** Waits until all messages have come, and compares what each member got with what was sent. */
  async verdict(maxMs: number): Promise<Verdict> {
    await this.#askAll('settle', () => ({ quietMs: QUIET_MS, maxMs }))
    return judge(await this.#askAll('count'))
  }

  /** Of each load process, until now. */
  busy(): Promise<Busy[]> {
    return this.#askAll('busy')
  }

  /** The busiest process since then, as a share of one core. */
  async busiestSince(before: readonly Busy[]): Promise<number> {
    const now = await this.busy()
    return Math.max(...before.map((then, index) => busyShare(then, now[index])))
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()))
  }

  #askAll<Deed extends keyof Deeds>(
    deed: Deed,
    order: (index: number) => unknown = () => null,
  ): Promise<Result<Deed>[]> {
    return Promise.all(this.#workers.map((worker, index) => worker.ask(deed, order(index))))
  }
}

function together(parts: readonly Part[]): Measured {
  const load = Math.max(...parts.map((part) => part.load))
  const lateMs = Math.max(...parts.map((part) => part.lateMs))
  const all = new Latencies()
  for (const { latencies } of parts) all.add(latencies)
  return {
    perSecond: sum(parts.map(({ done, seconds }) => done / seconds)),
    p50: all.quantile(0.5),
    p99: all.quantile(0.99),
    load,
    wasLimit: load >= LIMIT_SHARE || lateMs > LATE_MS,
    lateMs,
    bytesEach: Math.max(...parts.map((part) => part.bytesEach)),
  }
}
