// The port for time: code takes a `Clock` as an argument, so that a test can stop time and replay a
// run.

/** Milliseconds since 1970, as messages have them. */
export type Millis = number

/** A running timer. `cancel` may be called at any time and more than once. */
export interface Timer {
  cancel(): void
}

/**
 * All that the rest of `src/` knows of time. Callbacks MUST NOT throw; an implementation MUST NOT
 * keep the process alive for a timer alone.
 */
export interface Clock {
  /** Wall clock, for times that people read. It may jump. */
  now(): Millis
  /** Milliseconds from an arbitrary start that never go back, for rates and deadlines. */
  elapsed(): number
  /**
   * Milliseconds that the process stood still up to now, a reading of `elapsed`. Never less than
   * before.
   */
  stalled(elapsed: number): number
  /** Calls `run` once, no earlier than `ms` from now. */
  after(ms: number, run: () => void): Timer
  /** Calls `run` about every `ms`, until cancelled. */
  every(ms: number, run: () => void): Timer
  /** Calls `run` once, after the input of this turn of the event loop was handled. */
  endOfTurn(run: () => void): void
}

/** Resolves after `ms` on the given clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
