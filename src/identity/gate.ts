// Lets a few through at once and a bounded number wait, for work that is dear by design.
import { REPLY, Refusal } from '../protocol/errors.ts'

export interface GateBounds {
  running: number
  waiting: number
}

export class Gate {
  readonly #bounds: GateBounds
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(bounds: GateBounds) {
    this.#bounds = bounds
  }

  /** Runs `work` in its turn. Refuses with 503 when too many wait already. */
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
    if (this.#waiting.length >= this.#bounds.waiting) {
      const sentence = 'Too many log-ins at once: try again in a second.'
      throw new Refusal(REPLY.unavailable, sentence, 1, 'loginsAtOnce')
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
