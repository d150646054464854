// The end of a turn of the event loop: first the rooms write the messages of this turn to their
// members, then each connection in several rooms writes what those rooms delivered to it.
import type { Clock } from '../../time/clock.ts'

/** How many writes to members are allowed. */
export interface FlushBounds {
  /** In one turn, over all rooms. */
  perTurn: number
  /** Into one room, before the next room is served. */
  perRoom: number
  /** No further room is served after so many ms: what a write costs depends on the system. */
  ms: number
}

/** Short enough that a huge room does not delay pings, log-ins, the disk and other rooms. */
const FLUSH_BOUNDS: FlushBounds = { perTurn: 2_048, perRoom: 256, ms: 8 }

/** A flush takes some microseconds, reading the clock a fraction of one. */
const FLUSHES_BETWEEN_LOOKS = 32

/** A room that has something to write. */
export interface Writer {
  /** Gives members their buffers, at most so many; returns how many, less than `most` when done. */
  write(most: number): number
}

/** A connection that gathers what several rooms deliver to it in a turn. */
export interface Gatherer {
  /** Writes what was gathered, in one piece. MUST NOT throw. */
  flush(): void
}

/** Counts over all turns since the start, for metrics. */
export interface FanOutTotals {
  turns: number
  /** Messages given to the engine. */
  published: number
  /** Writes to connections. */
  writes: number
  /** Messages in those writes. */
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
  /** In the order in which they are served; a set, because a room may be added again. */
  readonly #writers = new Set<Writer>()
  readonly #gatherers = new Set<Gatherer>()
  /** Buffers that were gathered instead of written, since the start. */
  #handed = 0
  #asked = false

  constructor({ clock, bounds = FLUSH_BOUNDS, onFlush = () => {} }: FlushSchedulerParts) {
    this.#clock = clock
    this.#bounds = bounds
    this.#onFlush = onFlush
  }

  add(writer: Writer): void {
    this.#writers.add(writer)
    this.#ask()
  }

  /** A connection has gathered another buffer; with the first it is written at the turn's end. */
  gathered(gatherer: Gatherer, isFirst: boolean): void {
    this.#handed += 1
    if (!isFirst) return
    this.#gatherers.add(gatherer)
    this.#ask()
  }

  /** A connection has nothing to write any more. */
  forget(gatherer: Gatherer): void {
    this.#gatherers.delete(gatherer)
  }

  #ask(): void {
    if (this.#asked) return
    this.#asked = true
    this.#clock.endOfTurn(() => this.#end())
  }

  #end(): void {
    const began = this.#clock.elapsed()
    const written = this.#write(began) + this.#flush(began)
    this.#asked = false
    this.totals.turns += 1
    this.totals.writes += written
    this.#onFlush(this.#clock.elapsed() - began)
    if (this.#writers.size > 0 || this.#gatherers.size > 0) this.#ask()
  }

  /** Returns how many writes the rooms made; those that are still to be flushed count as well. */
  #write(began: number): number {
    const { perTurn, perRoom, ms } = this.#bounds
    let left = perTurn
    let written = 0
    for (const writer of this.#writers) {
      if (left <= 0 || this.#clock.elapsed() - began > ms) break
      const share = Math.min(left, perRoom)
      this.#writers.delete(writer)
      const { size } = this.#gatherers
      const handed = this.#handed
      const given = writer.write(share)
      const direct = given - (this.#handed - handed)
      written += direct
      left -= direct + this.#gatherers.size - size
      if (given === share) this.#writers.add(writer)
    }
    return written
  }

  /** Returns how many connections were flushed. Flushing may take as long again as the rooms. */
  #flush(began: number): number {
    let flushed = 0
    for (const gatherer of this.#gatherers) {
      const isTimeToLook = flushed > 0 && flushed % FLUSHES_BETWEEN_LOOKS === 0
      if (isTimeToLook && this.#clock.elapsed() - began > 2 * this.#bounds.ms) break
      this.#gatherers.delete(gatherer)
      gatherer.flush()
      flushed += 1
    }
    return flushed
  }
}
