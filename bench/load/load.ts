// The load side as the run sees it: several processes that share connections and publishers.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Busy, busyShare, LIMIT_SHARE } from './busy.ts'
import { micros } from './clock.ts'
import { Latencies } from './latency.ts'
import type { ConnectOrder, Counted, Opening, Pace, PostOrder, Target } from './orders.ts'
import type { Deeds } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
const LEAD_MICROS = 100_000
const QUIET_MS = 1_000
/** Handshakes on their way at once, from all processes. */
const AT_ONCE = 200
const TURN_MS = 500
/** It sends at ticks of a millisecond; later than this it is what was measured, too. */
const LATE_MS = 5

type Result<Deed extends keyof Deeds> = Awaited<ReturnType<Deeds[Deed]>>

/** What several processes measured together. */
export interface Measured {
  perSecond: number
  delivered: number
  latencies: Latencies
  /** How busy the busiest load process was, as a share of one core. */
  load: number
  wasLimit: boolean
  lateMs: number
}

export interface Verdict {
  sent: number
  /** By room. */
  sentIn: Record<number, number>
  /** All that came since the connections were made, also to slow readers. */
  delivered: number
  missing: number
  surplus: number
  closed: number
  slowClosed: number
}

export interface Talk {
  size: number
  warmSeconds: number
  seconds: number
  pace: Pace
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

interface Answer {
  id: number
  result?: unknown
  error?: string
}

export class Load {
  readonly #workers: Worker[]

  /** `command` goes before each process: what pins it to its cores, or nothing. */
  constructor(processes: number, command: readonly string[]) {
    this.#workers = Array.from({ length: processes }, () => new Worker(command))
  }

  /** Resolves with connections per second. */
  async connect(target: Target, openings: readonly Opening[], turnMs = TURN_MS): Promise<number> {
    const atOnce = Math.max(1, Math.floor(AT_ONCE / this.#workers.length))
    const orders = this.#split(openings).map(
      (part): ConnectOrder => ({ target, openings: part, atOnce, turnMs }),
    )
    const seconds = await Promise.all(
      orders.map((order, index) => this.#workers[index]?.ask('connect', order)),
    )
    return openings.length / Math.max(...seconds.map((second) => second ?? 0))
  }

  #split(openings: readonly Opening[]): Opening[][] {
    const count = this.#workers.length
    return this.#workers.map((_, part) => openings.filter((_, index) => index % count === part))
  }

  async talk({ pace, ...talk }: Talk): Promise<Measured> {
    const startsAt = micros() + LEAD_MICROS
    const of = this.#workers.length
    const order = { ...talk, pace, startsAt }
    const parts = await Promise.all(
      this.#workers.map((worker, index) => worker.ask('talk', { ...order, part: { index, of } })),
    )
    const load = Math.max(...parts.map((part) => part.load))
    const lateMs = Math.max(...parts.map((part) => part.lateMs))
    return {
      perSecond: sum(parts.map(({ delivered, seconds }) => delivered / seconds)),
      delivered: sum(parts.map(({ delivered }) => delivered)),
      latencies: merged(parts),
      load,
      wasLimit: load >= LIMIT_SHARE || lateMs > LATE_MS,
      lateMs,
    }
  }

  async post(order: PostOrder): Promise<Measured & { failed: number; all: number }> {
    const connections = Math.ceil(order.connections / this.#workers.length)
    const parts = await Promise.all(
      this.#workers.map((worker) => worker.ask('post', { ...order, connections })),
    )
    const load = Math.max(...parts.map((part) => part.load))
    return {
      perSecond: sum(parts.map(({ answered, seconds }) => answered / seconds)),
      delivered: sum(parts.map(({ answered }) => answered)),
      failed: sum(parts.map(({ failed }) => failed)),
      all: sum(parts.map(({ all }) => all)),
      latencies: merged(parts),
      load,
      wasLimit: load >= LIMIT_SHARE,
      lateMs: 0,
    }
  }

  /** Waits until everything has come, and compares what each member got with what was sent. */
  async verdict(maxMs: number): Promise<Verdict> {
    const settle = { quietMs: QUIET_MS, maxMs }
    await Promise.all(this.#workers.map((worker) => worker.ask('settle', settle)))
    return judge(await Promise.all(this.#workers.map((worker) => worker.ask('count'))))
  }

  /** Of each load process, until now. */
  async busy(): Promise<Busy[]> {
    return Promise.all(this.#workers.map((worker) => worker.ask('busy')))
  }

  /** The busiest process since then, as a share of one core. */
  async busiestSince(before: readonly Busy[]): Promise<number> {
    const now = await this.busy()
    return Math.max(...before.map((then, index) => busyShare(then, now[index])))
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()))
  }
}

function merged(
  parts: readonly { fine: Uint32Array<ArrayBuffer>; coarse: Uint32Array<ArrayBuffer> }[],
): Latencies {
  const all = new Latencies()
  for (const { fine, coarse } of parts) all.add(new Latencies(fine, coarse))
  return all
}

function judge(counts: readonly Counted[]): Verdict {
  const sent: Record<number, number> = {}
  const verdict = {
    sent: 0,
    sentIn: sent,
    delivered: 0,
    missing: 0,
    surplus: 0,
    closed: 0,
    slowClosed: 0,
  }
  for (const count of counts) {
    verdict.delivered += count.delivered
    verdict.closed += count.closed
    verdict.slowClosed += count.slowClosed
    for (const [room, messages] of Object.entries(count.sent)) {
      sent[Number(room)] = (sent[Number(room)] ?? 0) + messages
    }
  }
  verdict.sent = sum(Object.values(sent))
  for (const [room, gots] of counts.flatMap(({ got }) => Object.entries(got))) {
    const expected = sent[Number(room)] ?? 0
    for (const [got, members] of Object.entries(gots)) {
      verdict.missing += Math.max(0, expected - Number(got)) * members
      verdict.surplus += Math.max(0, Number(got) - expected) * members
    }
  }
  return verdict
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
