// Deletes messages that their rooms no longer keep, a few rooms at a time, again and again. Reads
// do not show such messages even before they are deleted.
import type { Clock } from '../../time/clock.ts'
import { inSlices } from './periodic-job.ts'
import type { Trim, Trimmed } from './retention.ts'

const EVERY_MS = 250

/** Messages per slice: some milliseconds of the writing thread. */
const SLICE = 2_000

export type TrimSlice = (trim: Trim) => Promise<Trimmed>

/** Returns how to stop. */
export function trimHistories(clock: Clock, slice: TrimSlice): () => void {
  let cursor = 0
  const some = async (): Promise<boolean> => {
    const { cursor: next, deleted } = await slice({ now: clock.now(), rows: SLICE, cursor })
    cursor = next
    return deleted >= SLICE
  }
  return inSlices(clock, EVERY_MS, [some])
}
