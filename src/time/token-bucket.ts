// A token bucket: a burst at once, then a number per second. It keeps some numbers and no timer.

export interface Rate {
  /** How much may be taken at once from a full bucket. */
  burst: number
  perSecond: number
}

/** The clock's `stalled`: how long the process stood still up to then. */
export type StallReading = (elapsed: number) => number

const NEVER: StallReading = () => 0

export class TokenBucket {
  readonly #rate: Rate
  readonly #stallsUpTo: StallReading
  #level: number
  #at: number
  #stalled: number

  /**
   * `elapsed` is the clock's `elapsed()` in milliseconds, here and in the calls below. With
   * `stallsUpTo` the bucket holds more than a burst after a stall, by what came in meanwhile.
   */
  constructor(rate: Rate, elapsed: number, stallsUpTo: StallReading = NEVER) {
    this.#rate = rate
    this.#stallsUpTo = stallsUpTo
    this.#level = rate.burst
    this.#at = elapsed
    this.#stalled = stallsUpTo(elapsed)
  }

  /** Takes `amount`, or nothing and returns false. More than a burst needs a full bucket. */
  take(amount: number, elapsed: number): boolean {
    if (!this.has(amount, elapsed)) return false
    this.spend(amount)
    return true
  }

  /**
   * Whether `amount` can be taken with at least the fraction `spared` of a burst left, in whole
   * numbers: of a burst of two nothing is spared, or one of the two would never be used.
   */
  has(amount: number, elapsed: number, spared = 0): boolean {
    this.#refill(elapsed)
    const { burst } = this.#rate
    return this.#level >= Math.min(amount + Math.floor(spared * burst), burst)
  }

  /** Takes `amount`; where there is not so much, the bucket owes it. */
  spend(amount: number): void {
    this.#level -= amount
  }

  /** Puts back what was taken and not used. */
  restore(amount: number): void {
    this.#level = Math.max(this.#level, Math.min(this.#rate.burst, this.#level + amount))
  }

  /** Seconds until `amount` can be taken, at least 1. */
  waitSeconds(amount: number): number {
    return Math.max(1, Math.ceil((amount - this.#level) / this.#rate.perSecond))
  }

  /** Whether the bucket is full again: it may then be forgotten. */
  isFull(elapsed: number): boolean {
    this.#refill(elapsed)
    return this.#level >= this.#rate.burst
  }

  #refill(elapsed: number): void {
    const { burst, perSecond } = this.#rate
    const gained = ((elapsed - this.#at) / 1_000) * perSecond
    this.#at = elapsed
    const stalled = this.#stallsUpTo(elapsed)
    if (stalled !== this.#stalled || this.#level > burst) this.#refillPast(gained, stalled)
    else this.#level = Math.min(burst, this.#level + gained)
  }

  /**
   * What was gained during a stall may go beyond a burst, and is lost again as fast as the rate: a
   * sender that kept to it has used it by then.
   */
  #refillPast(gained: number, stalled: number): void {
    const { burst, perSecond } = this.#rate
    const credit = Math.min(gained, ((stalled - this.#stalled) / 1_000) * perSecond)
    this.#stalled = stalled
    const rest = gained - credit
    const filled = Math.min(rest, Math.max(0, burst - this.#level))
    const level = this.#level + filled + credit
    this.#level = level <= burst ? level : Math.max(burst, level - (rest - filled))
  }
}

/** Buckets by key. Full buckets are forgotten, so the map holds only the keys in use. */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #buckets = new Map<string, TokenBucket>()
  #sweptAt = 0

  constructor(rate: Rate) {
    this.#rate = rate
  }

  get size(): number {
    return this.#buckets.size
  }

  of(key: string, elapsed: number): TokenBucket {
    this.#sweep(elapsed)
    let bucket = this.#buckets.get(key)
    if (!bucket) {
      bucket = new TokenBucket(this.#rate, elapsed)
      this.#buckets.set(key, bucket)
    }
    return bucket
  }

  #sweep(elapsed: number): void {
    if (elapsed - this.#sweptAt < SWEEP_EVERY_MS) return
    this.#sweptAt = elapsed
    for (const [key, bucket] of this.#buckets) {
      if (bucket.isFull(elapsed)) this.#buckets.delete(key)
    }
  }
}

const SWEEP_EVERY_MS = 60_000
