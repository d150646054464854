// Writes what users have used of the quotas of the day every few seconds, and deletes what they
// used of former days once a day: a kill forgets no more than those seconds.
import type { Clock } from '../../time/clock.ts'
import { DAY_MS } from './daily-use.ts'
import type { MessageWrites } from './message-writes.ts'
import { inSlices } from './periodic-job.ts'
import type { SqliteThread } from './thread.ts'

const EVERY_MS = 2_000

/** Users per slice: some milliseconds of the writing thread. */
const SLICE = 1_000

export type KeepingUse = Pick<SqliteThread<MessageWrites>, 'call'>

/** Returns how to stop. */
export function keepDailyUse(clock: Clock, writer: KeepingUse): () => void {
  let sweptDay = 0
  let after = ''

  async function keep(): Promise<boolean> {
    return (await writer.call('keepDailyUse', { limit: SLICE })) === SLICE
  }

  async function sweep(): Promise<boolean> {
    const day = Math.floor(clock.now() / DAY_MS)
    if (day === sweptDay) return false
    const next = await writer.call('sweepDailyUse', { day, after, limit: SLICE })
    after = next ?? ''
    if (next === null) sweptDay = day
    return next !== null
  }

  return inSlices(clock, EVERY_MS, [keep, sweep])
}

/** Writes all of it, when the engine closes. */
export async function keepAllDailyUse(writer: KeepingUse): Promise<void> {
  await writer.call('keepDailyUse', { limit: Number.MAX_SAFE_INTEGER })
}
