// One connection to one Redis server. When it ends, a fresh one is made, again and again until that
// succeeds; what has to be said on a fresh one is said before anything else.
import type { Clock, Timer } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { AWAY, LATE, reasonOf } from './errors.ts'

/** What a connection is made of. */
export interface Wire {
  connect(): Promise<unknown>
  /** Ends it, and rejects what waits for an answer. */
  destroy(reason: string): void
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'end', listener: () => void): unknown
}

/** Between two tries to connect, in milliseconds: doubled from the first to the last. */
const RETRY_MS = { first: 50, last: 1_000 }
const LAST_DOUBLING = 5
/** In which a fresh connection must be ready: a server that takes it may never say a word. */
const READY_MS = 10_000

export interface ConnectionParts<W extends Wire> {
  clock: Clock
  random: Random
  /** Makes one that does not connect again by itself. */
  create(): Promise<W>
  /** Says what has to be said on a fresh connection; where it rejects, another one is made. */
  begin(wire: W): Promise<void>
  /** Called when `wire` is there and has begun. MUST NOT throw. */
  onReady(): void
  /** Called when a connection that was ready is lost. MUST NOT throw. */
  onLost(reason: string): void
}

/** One try to connect, and what came of it. */
interface Attempt<W> {
  wire: W | null
  isLate: boolean
}

export class RedisConnection<W extends Wire> {
  readonly #parts: ConnectionParts<W>
  #ready: W | null = null
  #reason: string | null = AWAY
  #tries = 0
  #retry: Timer | null = null
  #isClosed = false
  /** The one that is connecting, or connected. */
  #latest: Attempt<W> | null = null

  constructor(parts: ConnectionParts<W>) {
    this.#parts = parts
  }

  /** Null while the connection is ready, else why it is not. */
  get away(): string | null {
    return this.#ready === null ? this.#reason : null
  }

  /** Null while the connection is not ready. */
  get wire(): W | null {
    return this.#ready
  }

  /** Connects once. Rejects with the reason; then another try is under way. */
  async connect(): Promise<void> {
    if (this.#isClosed) return
    this.#retry?.cancel()
    const attempt: Attempt<W> = { wire: null, isLate: false }
    this.#latest = attempt
    const late = this.#parts.clock.after(READY_MS, () => {
      attempt.isLate = true
      this.#lost(attempt, LATE)
    })
    try {
      const wire = await this.#begin(attempt)
      if (this.#latest !== attempt) throw new Error(this.#reason ?? AWAY)
      this.#ready = wire
    } catch (error) {
      this.#lost(attempt, reasonOf(error))
      throw attempt.isLate ? new Error(LATE) : error
    } finally {
      late.cancel()
    }
    this.#tries = 0
    this.#parts.onReady()
  }

  /** Gives up the present connection, which may hang, for a fresh one. */
  renew(reason: string): void {
    if (this.#ready !== null && this.#latest !== null) this.#lost(this.#latest, reason)
  }

  /** Gives up the present connection and every try, until `connect` is called. */
  stop(reason: string): void {
    const attempt = this.#latest
    this.#latest = null
    this.#ready = null
    this.#reason = reason
    this.#retry?.cancel()
    attempt?.wire?.destroy(reason)
  }

  close(): void {
    this.#isClosed = true
    this.stop(AWAY)
  }

  async #begin(attempt: Attempt<W>): Promise<W> {
    const wire = await this.#parts.create()
    if (this.#latest !== attempt) return wire
    attempt.wire = wire
    wire.on('error', (error) => this.#lost(attempt, reasonOf(error)))
    wire.on('end', () => this.#lost(attempt, 'The connection to Redis was closed.'))
    await wire.connect()
    await this.#parts.begin(wire)
    return wire
  }

  #lost(attempt: Attempt<W>, reason: string): void {
    if (this.#latest !== attempt) return
    const wasReady = this.#ready !== null
    this.stop(reason)
    this.#retry = this.#parts.clock.after(this.#wait(), () => {
      this.connect().catch(() => {})
    })
    if (wasReady) this.#parts.onLost(reason)
  }

  /** Half of it is random, so that nodes that lost Redis together do not return together. */
  #wait(): number {
    const most = Math.min(RETRY_MS.first * 2 ** this.#tries, RETRY_MS.last)
    this.#tries = Math.min(this.#tries + 1, LAST_DOUBLING)
    return most * (0.5 + this.#parts.random.bytes(1).readUInt8() / 512)
  }
}
