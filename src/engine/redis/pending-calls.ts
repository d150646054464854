// The commands that wait for an answer, oldest first. One timer for all of them finds those that
// wait too long: a link may hang without an end.
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import { LATE } from './errors.ts'

/** After so many milliseconds a command is given up. */
export const ANSWER_MS = 3_000
const LOOK_MS = 250

interface Pending {
  readonly since: number
  reject(error: Error): void
}

export class PendingCalls {
  readonly #clock: Clock
  readonly #calls = new Set<Pending>()
  readonly #late: string
  readonly #stop: () => void

  /**
   * `onLate` is called when calls were given up; it MUST NOT throw. `late` is the sentence with
   * which they are.
   */
  constructor(clock: Clock, onLate: () => void, late = LATE) {
    this.#clock = clock
    this.#late = late
    const timer = clock.every(LOOK_MS, () => {
      if (this.#giveUpLate() > 0) onLate()
    })
    this.#stop = () => timer.cancel()
  }

  get size(): number {
    return this.#calls.size
  }

  /** Settles as `answer` does, or rejects when that takes too long. */
  add<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const pending = { since: this.#clock.elapsed(), reject }
      this.#calls.add(pending)
      const end = () => this.#calls.delete(pending)
      answer.then(
        (value) => {
          end()
          resolve(value)
        },
        (error) => {
          end()
          reject(error)
        },
      )
    })
  }

  /** Resolves when no call waits any more. */
  async settled(): Promise<void> {
    while (this.#calls.size > 0) {
      await new Promise<void>((resolve) => this.#clock.after(LOOK_MS / 10, resolve))
    }
  }

  stop(): void {
    this.#stop()
  }

  /** A process that stood still has not waited: its answers are about to be read. */
  #giveUpLate(): number {
    const now = this.#clock.elapsed()
    let late = 0
    for (const call of this.#calls) {
      if (now - call.since < ANSWER_MS) break
      this.#calls.delete(call)
      call.reject(new EngineUnavailable(this.#late, null, 'unknown'))
      late += 1
    }
    return late
  }
}
