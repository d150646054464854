// A held clock whose wall time can jump without a timer ringing: days pass in one step.
import type { Clock, Timer } from '../../src/time/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

export class OffsetClock implements Clock {
  readonly held = new ManualClock()
  #offset = 0

  now(): number {
    return this.held.now() + this.#offset
  }

  elapsed(): number {
    return this.held.elapsed()
  }

  after(ms: number, run: () => void): Timer {
    return this.held.after(ms, run)
  }

  every(ms: number, run: () => void): Timer {
    return this.held.every(ms, run)
  }

  endOfTurn(run: () => void): void {
    this.held.endOfTurn(run)
  }

  /** Lets this much wall time pass at once. */
  jump(ms: number): void {
    this.#offset += ms
  }
}

/** Moves the clock until this is settled, and lets the network have its turn meanwhile. */
export async function moveUntil(clock: OffsetClock, settled: Promise<unknown>): Promise<void> {
  let done = false
  const mark = () => {
    done = true
  }
  settled.then(mark, mark)
  while (!done) {
    await clock.held.advance(50)
    await new Promise(setImmediate)
  }
}
