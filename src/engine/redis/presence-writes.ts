// Joins and leaves of this node on their way to Redis: those of one room in one turn are one call,
// and the next call of that room waits for its answer, so that they keep their order.

import type { Clock } from '../../time/clock.ts'
import type { PresenceEntry } from '../presence-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { fieldOf, textOf } from './presence-message.ts'
import { script } from './scripts.ts'

/** A node that died in a room that is never read again leaves its entries for so long. */
const KEPT_MS = 24 * 3_600_000
/** In one call: a script holds up all of Redis. */
const CHANGES_AT_ONCE = 500

const CHANGE = script('change-presence')

interface Change {
  readonly connection: string
  /** Null for a connection that leaves. */
  readonly entry: PresenceEntry | null
}

interface Batch {
  readonly changes: Change[]
  readonly sent: PromiseWithResolvers<void>
}

export interface PresenceWritesParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  /** The id of this node when the call is made. */
  node: () => string
}

export class PresenceWrites {
  readonly #parts: PresenceWritesParts
  /** By room: what goes with the next call, or null while the last one is under way. */
  readonly #next = new Map<string, Batch | null>()

  constructor(parts: PresenceWritesParts) {
    this.#parts = parts
  }

  /** Resolves when it is stored. Rejects with EngineUnavailable. */
  add(room: string, change: Change): Promise<void> {
    let batch = this.#next.get(room)
    if (batch) {
      batch.changes.push(change)
      return batch.sent.promise
    }
    const isIdle = batch === undefined
    batch = { changes: [change], sent: Promise.withResolvers() }
    this.#next.set(room, batch)
    if (isIdle) this.#parts.clock.endOfTurn(() => void this.#sendAll(room))
    return batch.sent.promise
  }

  async #sendAll(room: string): Promise<void> {
    for (let batch = this.#next.get(room); batch; batch = this.#next.get(room)) {
      this.#next.set(room, null)
      await this.#send(room, batch.changes).then(batch.sent.resolve, batch.sent.reject)
    }
    this.#next.delete(room)
  }

  async #send(room: string, changes: readonly Change[]): Promise<void> {
    const { keys, link } = this.#parts
    const [hash, channel] = [keys.room(room, 'p'), keys.room(room, 'pc')]
    for (let from = 0; from < changes.length; from += CHANGES_AT_ONCE) {
      const args = [channel, String(KEPT_MS)]
      for (const { connection, entry } of changes.slice(from, from + CHANGES_AT_ONCE)) {
        args.push(fieldOf(this.#parts.node(), connection), entry === null ? '' : textOf(entry))
      }
      await link.run(CHANGE, [hash], args)
    }
  }
}
