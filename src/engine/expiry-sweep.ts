// Deletes what has run out, now and then and in slices, so that nothing waits long behind it.
import type { Clock } from '../time/clock.ts'

const EVERY_MS = 60_000

/** Rows per slice; others' calls go between two slices. */
const SLICE = 1_000

/** Deletes at most `limit` rows that ran out at or before `now`; tells how many it deleted. */
export type SweepSlice = (args: { now: number; limit: number }) => Promise<number>

/** Sweeps with each of `slices` about every minute. Returns how to stop. */
export function sweepExpired(clock: Clock, slices: readonly SweepSlice[]): () => void {
  let running = false
  let stopped = false

  async function sweep(): Promise<void> {
    for (const slice of slices) {
      let deleted = SLICE
      while (deleted === SLICE && !stopped) {
        deleted = await slice({ now: clock.now(), limit: SLICE })
      }
    }
  }

  const timer = clock.every(EVERY_MS, () => {
    if (running) return
    running = true
    const done = () => {
      running = false
    }
    // What could not be swept now is swept next time; the engine's health tells of the trouble.
    sweep().then(done, done)
  })
  return () => {
    stopped = true
    timer.cancel()
  }
}
