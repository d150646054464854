// How fast one connection and one user may talk: messages and bytes per second.
import type { Limits } from '../protocol/limits.ts'
import { TokenBucket } from '../time/token-bucket.ts'

type Rates = Pick<Limits, 'messagesPerSecond' | 'bytesPerSecond'>

export class MessageRate {
  readonly #messages: TokenBucket | null
  readonly #bytes: TokenBucket | null

  constructor({ messagesPerSecond, bytesPerSecond }: Rates, elapsed: number) {
    this.#messages = bucket(messagesPerSecond, elapsed)
    this.#bytes = bucket(bytesPerSecond, elapsed)
  }

  /** Takes one message of this size; when it comes too fast, returns the limit it hit. */
  take(bytes: number, elapsed: number): keyof Rates | null {
    if (this.#messages !== null && !this.#messages.take(1, elapsed)) return 'messagesPerSecond'
    return this.#bytes === null || this.#bytes.take(bytes, elapsed) ? null : 'bytesPerSecond'
  }

  isFull(elapsed: number): boolean {
    return (this.#messages?.isFull(elapsed) ?? true) && (this.#bytes?.isFull(elapsed) ?? true)
  }
}

function bucket(perSecond: number | null, elapsed: number): TokenBucket | null {
  return perSecond === null ? null : new TokenBucket({ burst: perSecond, perSecond }, elapsed)
}

/** The budget of each user, shared by all of that user's connections and requests. */
export class UserRates {
  readonly #rates: Rates
  readonly #userRates = new Map<string, { messageRate: MessageRate; holds: number }>()

  constructor(rates: Rates) {
    this.#rates = rates
  }

  get size(): number {
    return this.#userRates.size
  }

  /** Keeps a user's budget until released, for a connection. */
  hold(user: string, elapsed: number): MessageRate {
    const entry = this.#entry(user, elapsed)
    entry.holds += 1
    return entry.messageRate
  }

  release(user: string): void {
    const entry = this.#userRates.get(user)
    if (entry) entry.holds -= 1
  }

  /** For one request. */
  of(user: string, elapsed: number): MessageRate {
    return this.#entry(user, elapsed).messageRate
  }

  /** Forgets those that nobody holds and that are full again. */
  sweep(elapsed: number): void {
    for (const [user, { messageRate, holds }] of this.#userRates) {
      if (holds === 0 && messageRate.isFull(elapsed)) this.#userRates.delete(user)
    }
  }

  #entry(user: string, elapsed: number): { messageRate: MessageRate; holds: number } {
    let entry = this.#userRates.get(user)
    if (!entry) {
      entry = { messageRate: new MessageRate(this.#rates, elapsed), holds: 0 }
      this.#userRates.set(user, entry)
    }
    return entry
  }
}
