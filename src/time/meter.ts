// Limits the rate of things and of their bytes: each has a burst and a number per second, or no
// limit.
import { type Rate, type StallReading, TokenBucket } from './token-bucket.ts'

/** A rate, and the name of the limit that is hit when it is exceeded. */
export interface NamedRate<Limit> {
  readonly limit: Limit
  readonly rate: Rate
}

/** `null` means no limit. */
export interface MeterRates<Limit> {
  readonly count: NamedRate<Limit> | null
  readonly bytes: NamedRate<Limit> | null
}

/** In all calls `elapsed` is the clock's `elapsed()` in milliseconds. */
export class Meter<Limit> {
  readonly #rates: MeterRates<Limit>
  readonly #count: TokenBucket | null
  readonly #bytes: TokenBucket | null
  #keepers = 0

  constructor(rates: MeterRates<Limit>, elapsed: number, stallsUpTo?: StallReading) {
    this.#rates = rates
    this.#count = rates.count && new TokenBucket(rates.count.rate, elapsed, stallsUpTo)
    this.#bytes = rates.bytes && new TokenBucket(rates.bytes.rate, elapsed, stallsUpTo)
  }

  /** Counts one thing of this size. Over a limit it counts nothing and returns its name. */
  take(bytes: number, elapsed: number): Limit | null {
    const limit = this.over(bytes, elapsed)
    if (limit === null) this.count(bytes)
    return limit
  }

  /**
   * The limit that one more thing would hit if the fraction `spared` of each burst must remain, or
   * null.
   */
  over(bytes: number, elapsed: number, spared = 0): Limit | null {
    const { count, bytes: size } = this.#rates
    if (count !== null && this.#count?.has(1, elapsed, spared) === false) return count.limit
    if (size !== null && this.#bytes?.has(bytes, elapsed, spared) === false) return size.limit
    return null
  }

  /** Counts one thing of this size, for which `over` has returned null. */
  count(bytes: number): void {
    this.#count?.spend(1)
    this.#bytes?.spend(bytes)
  }

  /** Counts bytes that were used already, beyond the limit if need be. */
  charge(bytes: number): void {
    this.#bytes?.spend(bytes)
  }

  /** Gives back one thing that was counted and not used. */
  restore(): void {
    this.#count?.restore(1)
  }

  /** Seconds until one thing of this size may come, at least 1. */
  waitSeconds(bytes: number): number {
    return Math.max(this.#count?.waitSeconds(1) ?? 1, this.#bytes?.waitSeconds(bytes) ?? 1)
  }

  /** Whether everything that was counted is refilled. */
  isFull(elapsed: number): boolean {
    return (this.#count?.isFull(elapsed) ?? true) && (this.#bytes?.isFull(elapsed) ?? true)
  }

  /** Marks the meter as in use, so that it must not be forgotten. */
  keep(): this {
    this.#keepers += 1
    return this
  }

  /** MUST be called once for each `keep`. */
  release(): void {
    this.#keepers -= 1
  }

  /** Whether the meter may be forgotten: it is not in use, and it is full. */
  isIdle(elapsed: number): boolean {
    return this.#keepers === 0 && this.isFull(elapsed)
  }
}
