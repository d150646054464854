// Lets a few through at once and a bounded number wait, for work that is dear by design.

export interface ConcurrencyBounds {
  running: number
  waiting: number
  /** What is thrown at whoever comes when so many wait already. */
  full: () => Error
}

export class ConcurrencyLimit {
  readonly #bounds: ConcurrencyBounds
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(bounds: ConcurrencyBounds) {
    this.#bounds = bounds
  }

  /** Runs `work` in its turn. Rejects with what `full` gives when too many wait already. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#bounds.running) await this.#wait()
    else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  /** Resolves with the place of one who left: `#running` stays as it is. */
  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#bounds.waiting) throw this.#bounds.full()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
