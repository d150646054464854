// A manual clock whose wall time can jump without a timer ringing: days pass in one step.
import type { Clock, Timer } from '../../src/time/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

export class OffsetClock implements Clock {
  readonly manual = new ManualClock()
  #offset = 0

  now(): number {
    return this.manual.now() + this.#offset
  }

  elapsed(): number {
    return this.manual.elapsed()
  }

  after(ms: number, run: () => void): Timer {
    return this.manual.after(ms, run)
  }

  every(ms: number, run: () => void): Timer {
    return this.manual.every(ms, run)
  }

  endOfTurn(run: () => void): void {
    this.manual.endOfTurn(run)
  }

  /** Lets this much wall time pass at once. */
  jump(ms: number): void {
    this.#offset += ms
  }
}

/** Moves the clock until the promise settles; the network goes on between the steps. */
export async function moveUntil(clock: OffsetClock, settled: Promise<unknown>): Promise<void> {
  let done = false
  const mark = () => {
    done = true
  }
  settled.then(mark, mark)
  while (!done) {
    await clock.manual.advance(50)
    await new Promise(setImmediate)
  }
}
