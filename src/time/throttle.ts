// Which of many like events may be told, such as lines of a log: some of each key, and some in all,
// so that a flood is counted and not told.
import { type Rate, TokenBucket, TokenBuckets } from './token-bucket.ts'

export interface ThrottleRates {
  readonly perKey: Rate
  readonly all: Rate
  /** With more keys than this at a time, new ones share one allowance. */
  readonly keysMax: number
}

/** All keys beyond `keysMax`. */
const OTHERS = ''

/** In all calls `elapsed` is the clock's `elapsed()` in milliseconds. */
export class Throttle {
  readonly #keysMax: number
  readonly #all: TokenBucket
  readonly #keys: TokenBuckets

  constructor({ perKey, all, keysMax }: ThrottleRates, elapsed: number) {
    this.#keysMax = keysMax
    this.#all = new TokenBucket(all, elapsed)
    this.#keys = new TokenBuckets(perKey)
  }

  /** Whether one more event of this key may be told; it then counts as told. */
  take(key: string, elapsed: number): boolean {
    if (!this.#all.has(1, elapsed)) return false
    const counted = this.#keys.size < this.#keysMax ? key : OTHERS
    if (!this.#keys.of(counted, elapsed).take(1, elapsed)) return false
    this.#all.spend(1)
    return true
  }
}
