// A token bucket: a burst at once, then a number per second. It keeps two numbers and no timer.

export interface Rate {
  /** How much may be taken at once from a full bucket. */
  burst: number
  perSecond: number
}

export class TokenBucket {
  readonly #rate: Rate
  #level: number
  #at: number

  /** `elapsed` is the clock's `elapsed()` in milliseconds, here and in the calls below. */
  constructor(rate: Rate, elapsed: number) {
    this.#rate = rate
    this.#level = rate.burst
    this.#at = elapsed
  }

  /** Takes `amount`, or nothing and returns false. More than a burst needs a full bucket. */
  take(amount: number, elapsed: number): boolean {
    if (!this.has(amount, elapsed)) return false
    this.spend(amount)
    return true
  }

  /** Whether `amount` can be taken with at least the fraction `spared` of a burst left. */
  has(amount: number, elapsed: number, spared = 0): boolean {
    this.#refill(elapsed)
    const { burst } = this.#rate
    return this.#level >= Math.min(amount + spared * burst, burst)
  }

  /** Takes `amount`; where there is not so much, the bucket owes it. */
  spend(amount: number): void {
    this.#level -= amount
  }

  /** Puts back what was taken and not used. */
  restore(amount: number): void {
    this.#level = Math.min(this.#rate.burst, this.#level + amount)
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
    const gained = ((elapsed - this.#at) / 1_000) * this.#rate.perSecond
    this.#level = Math.min(this.#rate.burst, this.#level + gained)
    this.#at = elapsed
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
