// Deletes what has run out, now and then.
import type { Clock } from '../../time/clock.ts'
import { inSlices } from './periodic-job.ts'

const EVERY_MS = 60_000

/** Rows per slice; others' calls go between two slices. */
const SLICE = 1_000

/** Deletes at most `limit` rows that ran out at or before `now`; tells how many it deleted. */
export type SweepSlice = (args: { now: number; limit: number }) => Promise<number>

/** Sweeps with each of `slices` about every minute. Returns how to stop. */
export function sweepExpired(clock: Clock, slices: readonly SweepSlice[]): () => void {
  const each = slices.map(
    (slice) => async () => (await slice({ now: clock.now(), limit: SLICE })) === SLICE,
  )
  return inSlices(clock, EVERY_MS, each)
}
