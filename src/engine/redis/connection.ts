// One connection to one Redis server. When it ends, a fresh one is made, again and again until that
// succeeds; what has to be said on a fresh one is said before anything else.
import type { createClient } from '@redis/client'
import type { Clock, Timer } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { AWAY, reasonOf } from './errors.ts'

export type Client = ReturnType<typeof createClient>

/** Between two tries to connect, in milliseconds: doubled from the first to the last. */
const RETRY_MS = { first: 50, last: 1_000 }
const LAST_DOUBLING = 5

export interface ConnectionParts {
  clock: Clock
  random: Random
  /** Makes a client that does not connect again by itself. */
  create(): Client
  /** Says what has to be said on a fresh connection; where it rejects, another one is made. */
  begin(client: Client): Promise<void>
  /** Called when `client` is there and has begun. MUST NOT throw. */
  onReady(): void
  /** Called when a connection that was ready is lost. MUST NOT throw. */
  onLost(reason: string): void
}

export class RedisConnection {
  readonly #parts: ConnectionParts
  #client: Client | null = null
  #reason: string | null = AWAY
  #tries = 0
  #retry: Timer | null = null
  #isClosed = false
  /** The client that is connecting, or connected. */
  #latest: Client | null = null

  constructor(parts: ConnectionParts) {
    this.#parts = parts
  }

  /** Null while the connection is ready, else why it is not. */
  get away(): string | null {
    return this.#client === null ? this.#reason : null
  }

  /** Null while the connection is not ready. */
  get client(): Client | null {
    return this.#client
  }

  /** Connects once. Rejects with the reason; then another try is under way. */
  async connect(): Promise<void> {
    if (this.#isClosed) return
    const client = this.#parts.create()
    this.#latest = client
    client.on('error', (error) => this.#lost(client, reasonOf(error)))
    client.on('end', () => this.#lost(client, 'The connection to Redis was closed.'))
    try {
      await client.connect()
      await this.#parts.begin(client)
    } catch (error) {
      this.#lost(client, reasonOf(error))
      throw error
    }
    if (this.#latest !== client || this.#isClosed) {
      destroy(client)
      return
    }
    this.#client = client
    this.#tries = 0
    this.#parts.onReady()
  }

  /** Gives up the present connection, which may hang, for a fresh one. */
  renew(reason: string): void {
    if (this.#client !== null) this.#lost(this.#client, reason)
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#client = null
    if (this.#latest !== null) destroy(this.#latest)
    this.#latest = null
  }

  #lost(client: Client, reason: string): void {
    if (this.#latest !== client || this.#isClosed) return
    this.#latest = null
    const wasReady = this.#client === client
    this.#client = null
    this.#reason = reason
    destroy(client)
    if (wasReady) this.#parts.onLost(reason)
    this.#retry = this.#parts.clock.after(this.#wait(), () => {
      this.connect().catch(() => {})
    })
  }

  /** Half of it is random, so that nodes that lost Redis together do not return together. */
  #wait(): number {
    const most = Math.min(RETRY_MS.first * 2 ** this.#tries, RETRY_MS.last)
    this.#tries = Math.min(this.#tries + 1, LAST_DOUBLING)
    return most * (0.5 + this.#parts.random.bytes(1).readUInt8() / 512)
  }
}

/** Rejects what waits for an answer. */
function destroy(client: Client): void {
  try {
    client.destroy()
  } catch {
    // It never was connected.
  }
}
