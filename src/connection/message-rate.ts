// How fast one connection and one user may talk: messages and bytes per second.
import type { Limits } from '../protocol/limits.ts'
import { Bucket } from '../time/token-bucket.ts'

type Rates = Pick<Limits, 'messagesPerSecond' | 'bytesPerSecond'>

export class Budget {
  readonly #messages: Bucket | null
  readonly #bytes: Bucket | null

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

function bucket(perSecond: number | null, elapsed: number): Bucket | null {
  return perSecond === null ? null : new Bucket({ burst: perSecond, perSecond }, elapsed)
}

/** The budget of each user, shared by all of that user's connections and requests. */
export class UserBudgets {
  readonly #rates: Rates
  readonly #budgets = new Map<string, { budget: Budget; holds: number }>()

  constructor(rates: Rates) {
    this.#rates = rates
  }

  get size(): number {
    return this.#budgets.size
  }

  /** Keeps a user's budget until released, for a connection. */
  hold(user: string, elapsed: number): Budget {
    const entry = this.#entry(user, elapsed)
    entry.holds += 1
    return entry.budget
  }

  release(user: string): void {
    const entry = this.#budgets.get(user)
    if (entry) entry.holds -= 1
  }

  /** For one request. */
  of(user: string, elapsed: number): Budget {
    return this.#entry(user, elapsed).budget
  }

  /** Forgets those that nobody holds and that are full again. */
  sweep(elapsed: number): void {
    for (const [user, { budget, holds }] of this.#budgets) {
      if (holds === 0 && budget.isFull(elapsed)) this.#budgets.delete(user)
    }
  }

  #entry(user: string, elapsed: number): { budget: Budget; holds: number } {
    let entry = this.#budgets.get(user)
    if (!entry) {
      entry = { budget: new Budget(this.#rates, elapsed), holds: 0 }
      this.#budgets.set(user, entry)
    }
    return entry
  }
}
