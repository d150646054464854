// A clock that stands still until a test moves it.
import type { Clock, Timer } from '../../src/time/clock.ts'

interface Waiting {
  at: number
  /** Null for a timer that rings once. */
  everyMs: number | null
  run: () => void
}

export class ManualClock implements Clock {
  #time = 0
  #jumped = 0
  #stalled = 0
  readonly #waiting = new Set<Waiting>()

  now(): number {
    return 1_700_000_000_000 + this.#time + this.#jumped
  }

  elapsed(): number {
    return this.#time
  }

  stalled = (): number => this.#stalled

  /** Lets time pass in which the process does nothing: no timer rings. */
  stall(ms: number): void {
    this.#time += ms
    this.#stalled += ms
  }

  after(ms: number, run: () => void): Timer {
    return this.#wait({ at: this.#time + ms, everyMs: null, run })
  }

  every(ms: number, run: () => void): Timer {
    return this.#wait({ at: this.#time + ms, everyMs: ms, run })
  }

  /** Lets much time pass at once: what rings again and again rings once, and not for each time. */
  leap(ms: number): void {
    this.#time += ms
    for (const waiting of this.#waiting) {
      if (waiting.everyMs !== null) waiting.at = Math.max(waiting.at, this.#time)
    }
  }

  /** Lets this much wall time pass at once: no timer rings. */
  jump(ms: number): void {
    this.#jumped += ms
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#waiting.size
  }

  endOfTurn(run: () => void): void {
    setImmediate(run)
  }

  /**
   * Runs the timers that are due within `ms`, in order, and waits until their promises have
   * settled.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms
    for (let due = this.#due(end); due !== null; due = this.#due(end)) {
      this.#time = due.at
      if (due.everyMs === null) this.#waiting.delete(due)
      else due.at += due.everyMs
      due.run()
      await new Promise(setImmediate)
    }
    this.#time = end
  }

  #due(end: number): Waiting | null {
    const [first] = [...this.#waiting].sort((a, b) => a.at - b.at)
    return first !== undefined && first.at <= end ? first : null
  }

  #wait(waiting: Waiting): Timer {
    this.#waiting.add(waiting)
    return { cancel: () => void this.#waiting.delete(waiting) }
  }
}

/** Moves the clock until the promise settles; the network goes on between the steps. */
export async function moveUntil(clock: ManualClock, settled: Promise<unknown>): Promise<void> {
  let done = false
  const mark = () => {
    done = true
  }
  settled.then(mark, mark)
  while (!done) {
    await clock.advance(50)
    await new Promise(setImmediate)
  }
}
