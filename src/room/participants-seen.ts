// Notes for the store which participants are connected: those who are away for long hold no
// watermark back. A month passes before it matters, so it is done at leisure: a crowd that returns
// costs the store a few looks a second.
import type { ReceiptStore } from '../engine/receipt-store.ts'
import type { Clock, Timer } from '../time/clock.ts'

/** A user who is in a room. */
export type Present = readonly [user: string, room: string]

export interface ParticipantsSeenParts {
  store: ReceiptStore
  clock: Clock
  /** All who are in rooms of this node. */
  present(): Iterator<Present, unknown>
}

const TICK_MS = 1_000
const NOTED_PER_TICK = 500
/** What comes while so many wait is noted on another day. */
const WAITING_MAX = 10_000
const DAY_MS = 86_400_000

export class ParticipantsSeen {
  readonly #parts: ParticipantsSeenParts
  /** Those who came into a room lately. */
  readonly #waiting = new Map<string, Present>()
  /** Goes once a day through all who stay. */
  #walk: Iterator<Present, unknown> | null = null
  readonly #timers: readonly Timer[]

  constructor(parts: ParticipantsSeenParts) {
    this.#parts = parts
    const { clock } = parts
    this.#timers = [
      clock.every(TICK_MS, () => this.#note()),
      clock.every(DAY_MS, () => {
        this.#walk = parts.present()
      }),
    ]
  }

  /** A user came into a room. */
  came(user: string, room: string): void {
    if (this.#waiting.size < WAITING_MAX) this.#waiting.set(`${user} ${room}`, [user, room])
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
  }

  #note(): void {
    const rooms = new Map<string, string[]>()
    for (let count = 0; count < NOTED_PER_TICK; count += 1) {
      const next = this.#next()
      if (next === null) break
      const [user, room] = next
      rooms.set(user, [...(rooms.get(user) ?? []), room])
    }
    // One that cannot be noted now is noted on another day.
    for (const [user, seen] of rooms) this.#parts.store.seen(user, seen).catch(() => undefined)
  }

  #next(): Present | null {
    for (const [key, present] of this.#waiting) {
      this.#waiting.delete(key)
      return present
    }
    const { value, done } = this.#walk?.next() ?? { value: null, done: true }
    if (!done) return value as Present
    this.#walk = null
    return null
  }
}
