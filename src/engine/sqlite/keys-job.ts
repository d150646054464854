// Tends the idempotency keys of the store, a slice at a time: writes the newest as runs, and
// deletes those that no longer hold.
import type { Clock } from '../../time/clock.ts'
import { inSlices } from './periodic-job.ts'

const EVERY_MS = 1_000

/** Does a part of the work; resolves with whether there is more to do now. */
export type TendSlice = (args: { openMs: number }) => Promise<boolean>

/** MUST be started when the store is opened. Returns how to stop. */
export function tendKeys(clock: Clock, slice: TendSlice): () => void {
  const openedAt = clock.elapsed()
  return inSlices(clock, EVERY_MS, [() => slice({ openMs: clock.elapsed() - openedAt })])
}
