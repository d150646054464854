// Deletes messages that their rooms no longer keep, a slice at a time, again and again. Reads do
// not show such messages even before they are deleted.
import type { Clock } from '../../time/clock.ts'
import { inSlices, type Slice } from './periodic-job.ts'
import type { Trim, Trimmed } from './retention.ts'

const EVERY_MS = 250

/** What one transaction deletes: some milliseconds of the writing thread. */
const UNITS = 2_000

/** Resolves when the slice is on disk. */
export type TrimSlice = () => Promise<Trimmed>

export interface TrimmingParts {
  clock: Clock
  trim: (trim: Trim) => Promise<Trimmed>
  /** These offsets of a room are hidden for good. */
  hide: (room: string, before: number) => void
}

export function trimSlice({ clock, trim, hide }: TrimmingParts): TrimSlice {
  return async () => {
    const trimmed = await trim({ now: clock.now(), units: UNITS })
    for (const { room, before } of trimmed.hidden) hide(room, before)
    return trimmed
  }
}

/** Trims, and applies rules that have changed. Returns how to stop. */
export function trimHistories(clock: Clock, slice: TrimSlice, applyRules: Slice): () => void {
  return inSlices(clock, EVERY_MS, [async () => (await slice()).more, applyRules])
}
