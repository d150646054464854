// Finds out that a store does not answer, and when one that is away is there again: a probe decides
// that, by a commit that is on disk.
import type { Clock, Timer } from '../../time/clock.ts'
import type { SqliteReceipts } from './receipts.ts'
import type { SqliteLog } from './stored-log.ts'
import type { Threads } from './threads.ts'

/** How often it is looked at; a store that is away is probed as often. */
const LOOK_MS = 250

/**
 * A commit that takes longer is not waited for: a disk that hangs, or a volume that is gone. Longer
 * than SQLite waits for a lock, so that the reason of a lock is told.
 */
const PATIENCE_MS = 2_500

interface Watched {
  clock: Clock
  writer: Threads['writer']
  stored: Pick<SqliteLog, 'giveUp'>
  receipts: Pick<SqliteReceipts, 'giveUp'>
}

/** Returns how to stop: a timer to cancel. */
export function watchStore({ clock, writer, stored, receipts }: Watched): Timer {
  return clock.every(LOOK_MS, () => {
    const unanswered = writer.unansweredMs
    if (unanswered > PATIENCE_MS) {
      const reason = `SQLite has not answered for ${Math.round(unanswered / 1_000)} seconds.`
      writer.giveUp(reason)
      stored.giveUp(reason)
      receipts.giveUp(reason)
    } else if (unanswered === 0 && writer.away !== null) {
      writer.probe('probe', { now: clock.now() }).catch(() => undefined)
    }
  })
}
