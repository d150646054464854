// The end of a turn of the event loop, when rooms write what they were told in it.
import type { Clock } from '../../time/clock.ts'

/** How often may be written to members. */
export interface FlushBounds {
  /** In one turn, over all rooms. */
  perTurn: number
  /** Into one room, before it is the next one's turn. */
  perRoom: number
  /** And no room is begun after so long: what a write costs depends on the system. */
  ms: number
}

/** Short enough that pings, log-ins, the disk and the rooms behind a huge one go on. */
const FLUSH_BOUNDS: FlushBounds = { perTurn: 2_048, perRoom: 256, ms: 8 }

/** What has something to write. */
export interface Writer {
  /** Writes to members, at most so often; returns how often, less than `most` when done. */
  write(most: number): number
}

/** What all turns did so far, for metrics. */
export interface FanOutTotals {
  turns: number
  /** Messages given to the engine. */
  published: number
  /** Buffers given to members. */
  writes: number
  /** Messages in those buffers. */
  deliveries: number
}

/** Told how many milliseconds the writing at the end of each turn took. MUST NOT throw. */
export type OnFlush = (ms: number) => void

export interface FlushSchedulerParts {
  clock: Clock
  bounds?: FlushBounds | undefined
  onFlush?: OnFlush | undefined
}

export class FlushScheduler {
  readonly totals: FanOutTotals = { turns: 0, published: 0, writes: 0, deliveries: 0 }
  readonly #clock: Clock
  readonly #bounds: FlushBounds
  readonly #onFlush: OnFlush
  /** In the order in which they are served; a set, because a room stands here once. */
  readonly #waiting = new Set<Writer>()
  #asked = false

  constructor({ clock, bounds = FLUSH_BOUNDS, onFlush = () => {} }: FlushSchedulerParts) {
    this.#clock = clock
    this.#bounds = bounds
    this.#onFlush = onFlush
  }

  add(writer: Writer): void {
    this.#waiting.add(writer)
    this.#ask()
  }

  #ask(): void {
    if (this.#asked) return
    this.#asked = true
    this.#clock.endOfTurn(() => this.#end())
  }

  #end(): void {
    this.#asked = false
    const began = this.#clock.elapsed()
    const { perTurn, perRoom, ms } = this.#bounds
    let left = perTurn
    for (const writer of this.#waiting) {
      if (left <= 0 || this.#clock.elapsed() - began > ms) break
      const share = Math.min(left, perRoom)
      this.#waiting.delete(writer)
      const written = writer.write(share)
      left -= written
      if (written === share) this.#waiting.add(writer)
    }
    this.totals.turns += 1
    this.totals.writes += perTurn - left
    this.#onFlush(this.#clock.elapsed() - began)
    if (this.#waiting.size > 0) this.#ask()
  }
}
