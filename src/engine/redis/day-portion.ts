// A portion of what one holder may use of a day: taken from Redis at once, and used message by
// message on this node. What a node that dies had left of it stays counted until midnight.
import type { Clock } from '../../time/clock.ts'
import type { EngineUnavailable } from '../engine.ts'
import type { DayCounter, DayCounts, Taken } from './day-counts.ts'

export class DayPortion {
  readonly #counter: DayCounter
  readonly #counts: DayCounts
  readonly #clock: Clock
  #left = 0
  /** A reading of `elapsed`: midnight, or somewhat before. */
  #until = 0
  #isNearEnd = false

  constructor(counter: DayCounter, counts: DayCounts, clock: Clock) {
    this.#counter = counter
    this.#counts = counts
    this.#clock = clock
  }

  has(amount: number): boolean {
    if (this.#left > 0 && this.#clock.elapsed() >= this.#until) this.#left = 0
    return this.#left >= amount
  }

  /** MUST be called only where it has so much. */
  take(amount: number): void {
    this.#left -= amount
  }

  /** Takes so much, with what Redis has; returns why not. Rejects with EngineUnavailable. */
  async takeMore(amount: number): Promise<EngineUnavailable | null> {
    const held = this.#left
    this.#left = 0
    const asked = this.#clock.elapsed()
    let taken: Taken | null = null
    try {
      taken = await this.#counts.take(this.#counter, amount - held)
    } finally {
      if (taken === null || taken.amount === 0) this.#left += held
    }
    if (taken.amount === 0) return this.#counter.over(taken.msLeft)
    this.#left += held + taken.amount - amount
    this.#until = asked + taken.msLeft
    this.#isNearEnd = taken.isNearEnd
    return null
  }

  /** Puts back what was taken and not used; near the end of the quota it is for all nodes. */
  async restore(amount: number): Promise<void> {
    this.#left += amount
    if (this.#isNearEnd) await this.end()
  }

  /** Gives what is left back to all nodes. */
  async end(): Promise<void> {
    const left = this.#left
    this.#left = 0
    if (left > 0 && this.#clock.elapsed() < this.#until) {
      await this.#counts.giveBack(this.#counter, left)
    }
  }
}
