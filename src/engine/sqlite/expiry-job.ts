// Deletes expired sessions and tickets about every minute.
import type { Clock } from '../../time/clock.ts'
import { inSlices } from './periodic-job.ts'

const EVERY_MS = 60_000

/** Entries per slice; other calls go between two slices. */
const SLICE = 1_000

/** Which entries to delete: at most `limit` that expired at or before `now`. */
export interface ExpirySlice {
  now: number
  limit: number
}

/** Deletes the entries of a slice; resolves with their number. */
export type DeleteExpired = (slice: ExpirySlice) => Promise<number>

/** Runs each of `slices` until nothing expired is left, about every minute. Returns how to stop. */
export function sweepExpired(clock: Clock, slices: readonly DeleteExpired[]): () => void {
  const each = slices.map(
    (slice) => async () => (await slice({ now: clock.now(), limit: SLICE })) === SLICE,
  )
  return inSlices(clock, EVERY_MS, each)
}
