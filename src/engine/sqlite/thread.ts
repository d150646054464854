// The main side of a SQLite thread: gathers calls while a batch is under way and sends them on
// together, so that one commit, and one wait for the disk, serves them all (group commit).
import type { Worker } from 'node:worker_threads'
import type { Clock } from '../../time/clock.ts'
import { type EngineHealth, EngineRefused, EngineUnavailable } from '../engine.ts'
import { reasonOf } from './errors.ts'

/** What a thread can do. Arguments and results must be fit for structured clone. */
export type Operations = Record<string, (args: never) => unknown>

export type Call = readonly [operation: string, args: unknown]

/** Blocks of bytes that go to the thread with a call instead of being copied. */
export type Handed = readonly ArrayBuffer[]

/**
 * The answer to one call; `error` is a fault of that call and touched no other call of the batch.
 */
export type Answer = { value: unknown } | { error: string }

export type ToThread = { type: 'batch'; calls: Call[] } | { type: 'close' }

/** `refused` is for operators; `failed` means that nothing of the batch was kept. */
export type FromThread =
  | { type: 'opened' }
  | { type: 'refused'; message: string }
  /** `idle` when nothing was written: such a batch does not prove that the disk can be written. */
  | { type: 'answers'; answers: Answer[]; idle?: boolean }
  | { type: 'failed'; reason: string }

type Answers = Extract<FromThread, { type: 'answers' }>

/** Calls that may wait for a thread; further calls are refused at once. */
export const WAITING_MAX = 10_000

/** Calls in one transaction: bounds how many one failure takes along, and how long one lasts. */
export const BATCH_MAX = 4_096

/** What becomes of calls once the thread's store is known to be away. */
export type WhileAway = 'refused' | 'tried'

interface Waiting {
  readonly call: Call
  readonly handed: Handed
  resolve(value: unknown): void
  reject(error: Error): void
}

class SqliteThread<Ops extends Operations> {
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #whileAway: WhileAway
  readonly #opened = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  readonly #waiting: Waiting[] = []
  /** Calls that take long. */
  readonly #long: Waiting[] = []
  #underway: Waiting[] = []
  #wasLong = false
  /** Opening counts as work, so that calls made meanwhile wait their turn. */
  #busy = true
  #gathering = false
  #closing = false
  #ended: string | null = null
  #trouble: string | null = null
  /** When the batch under way was sent, by `#awake`. */
  #sentAt = 0

  constructor(worker: Worker, clock: Clock, whileAway: WhileAway) {
    this.#worker = worker
    this.#clock = clock
    this.#whileAway = whileAway
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', (error) => this.#end(`The SQLite thread failed: ${reasonOf(error)}`))
    worker.on('exit', (code) => {
      this.#end(this.#closing ? 'The engine is closed.' : `The SQLite thread ended (code ${code}).`)
      this.#exited.resolve()
    })
  }

  /** Rejects with EngineRefused when the thread could not open its database. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /**
   * Resolves when the batch with this call was committed. Rejects with EngineUnavailable when the
   * batch could not be kept, and with a plain Error when the call itself was at fault.
   */
  call<Name extends keyof Ops & string>(
    operation: Name,
    args: Parameters<Ops[Name]>[0],
    handed: Handed = [],
  ): Promise<ReturnType<Ops[Name]>> {
    return this.#wait(this.#waiting, [operation, args], handed)
  }

  /** The same for a call that finds out whether the store is still away: it is always tried. */
  probe<Name extends keyof Ops & string>(
    operation: Name,
    args: Parameters<Ops[Name]>[0],
  ): Promise<ReturnType<Ops[Name]>> {
    return this.#wait(this.#waiting, [operation, args], [], 'tried')
  }

  /**
   * The same for a call that takes long: it is a batch of its own, and any other call waits for one
   * such call at most.
   */
  callAlone<Name extends keyof Ops & string>(
    operation: Name,
    args: Parameters<Ops[Name]>[0],
  ): Promise<ReturnType<Ops[Name]>> {
    return this.#wait(this.#long, [operation, args], [])
  }

  /** Calls that have no answer yet. */
  get waiting(): number {
    return this.#waiting.length + this.#long.length + this.#underway.length
  }

  /** For how many milliseconds the batch under way is without an answer; 0 without one. */
  get unansweredMs(): number {
    return this.#busy ? this.#awake() - this.#sentAt : 0
  }

  /** Why its store is away, for operators; null while it is not known to be. */
  get away(): string | null {
    return this.#ended ?? this.#trouble
  }

  /** Not ready after a failed batch until one has written; once the thread has ended, never. */
  health(): EngineHealth {
    const reason = this.away
    return reason === null ? { ready: true } : { ready: false, reason }
  }

  /** Notes that the store is away, and refuses what was not sent: none of it will be done. */
  giveUp(reason: string): void {
    this.#trouble = reason
    refuse([...this.#waiting.splice(0), ...this.#long.splice(0)], reason)
  }

  /** Finishes what was accepted, then ends the thread. May be called twice. */
  close(): Promise<void> {
    this.#closing = true
    this.#next()
    return this.#exited.promise
  }

  #wait<Result>(
    line: Waiting[],
    call: Call,
    handed: Handed,
    whileAway = this.#whileAway,
  ): Promise<Result> {
    const refusal = this.#refusal(line, whileAway)
    if (refusal !== null) return Promise.reject(new EngineUnavailable(refusal))
    return new Promise((resolve, reject) => {
      line.push({ call, handed, resolve: resolve as (value: unknown) => void, reject })
      this.#gather()
    })
  }

  #refusal(line: readonly Waiting[], whileAway: WhileAway): string | null {
    if (this.#ended !== null) return this.#ended
    if (whileAway === 'refused' && this.#trouble !== null) return this.#trouble
    if (this.#closing) return 'The engine is closing.'
    if (line.length >= WAITING_MAX) return 'Too much is waiting for SQLite.'
    return null
  }

  /** Waking the thread costs more than a call does: all calls of one turn go together. */
  #gather(): void {
    if (this.#gathering || this.#busy) return
    this.#gathering = true
    this.#clock.endOfTurn(() => {
      this.#gathering = false
      this.#next()
    })
  }

  #next(): void {
    if (this.#busy || this.#ended !== null) return
    this.#underway = this.#take()
    if (this.#underway.length > 0) {
      const calls = this.#underway.map(({ call }) => call)
      this.#send(
        { type: 'batch', calls },
        this.#underway.flatMap(({ handed }) => handed),
      )
    } else if (this.#closing) {
      this.#send({ type: 'close' })
    }
  }

  /** The next batch: long calls and batches of all others take turns. */
  #take(): Waiting[] {
    this.#wasLong = this.#long.length > 0 && (this.#waiting.length === 0 || !this.#wasLong)
    return this.#wasLong ? this.#long.splice(0, 1) : this.#waiting.splice(0, BATCH_MAX)
  }

  #send(message: ToThread, handed: Handed = []): void {
    this.#busy = true
    this.#sentAt = this.#awake()
    this.#worker.postMessage(message, handed)
  }

  #receive(message: FromThread): void {
    if (message.type === 'refused') {
      this.#opened.reject(new EngineRefused(message.message))
      return
    }
    if (message.type === 'opened') this.#opened.resolve()
    if (message.type === 'answers') this.#settle(message)
    if (message.type === 'failed') this.#fail(message.reason)
    this.#busy = false
    this.#next()
  }

  #settle({ answers, idle = false }: Answers): void {
    if (!idle) this.#trouble = null
    for (const [index, answer] of answers.entries()) {
      const waiting = this.#underway[index]
      if ('error' in answer) waiting?.reject(new Error(answer.error))
      else waiting?.resolve(answer.value)
    }
    this.#underway = []
  }

  #fail(reason: string): void {
    refuse(this.#underway, reason)
    this.#underway = []
    if (this.#whileAway === 'refused') this.giveUp(reason)
    else this.#trouble = reason
  }

  /** Elapsed milliseconds without those in which the process, with this thread, stood still. */
  #awake(): number {
    const elapsed = this.#clock.elapsed()
    return elapsed - this.#clock.stalled(elapsed)
  }

  #end(reason: string): void {
    if (this.#ended !== null) return
    this.#ended = reason
    this.#opened.reject(new EngineRefused(reason))
    this.#underway.push(...this.#waiting, ...this.#long)
    this.#waiting.length = 0
    this.#long.length = 0
    this.#fail(reason)
  }
}

function refuse(calls: readonly Waiting[], reason: string): void {
  for (const { reject } of calls) reject(new EngineUnavailable(reason))
}

export type { SqliteThread }

/** Takes over a worker that runs `serve`; resolves when its database is open. */
export async function startSqliteThread<Ops extends Operations>(
  worker: Worker,
  clock: Clock,
  whileAway: WhileAway = 'tried',
): Promise<SqliteThread<Ops>> {
  const thread = new SqliteThread<Ops>(worker, clock, whileAway)
  await thread.opened
  return thread
}
