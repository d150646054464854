// Lets few pages of history be read at a time: each may be megabytes, and log-ins are read by the
// same thread, between them.
import { EngineUnavailable } from './engine.ts'

const AT_ONCE = 4
const WAITING_MAX = 1_000

export class PageGate {
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** Runs `read` in its turn. Rejects with EngineUnavailable when too many wait already. */
  async pass<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#running >= AT_ONCE) await this.#turn()
    else this.#running += 1
    try {
      return await read()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  /** Resolves with the place of one who is done. */
  #turn(): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new EngineUnavailable('Too many pages of history are asked for.'))
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
