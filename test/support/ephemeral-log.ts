// The log of an engine that keeps nothing, for tests of rooms without history.
import { Followers } from '../../src/engine/memory/followers.ts'
import { createMemoryLog } from '../../src/engine/memory/message-log.ts'
import { ReceiptWatches } from '../../src/engine/memory/receipt-watches.ts'
import type { MessageLog } from '../../src/engine/message-log.ts'
import { splitLog } from '../../src/engine/sqlite/split-log.ts'
import type { Clock } from '../../src/time/clock.ts'
import { sharesWithin } from './memory-shares.ts'

export function ephemeralLog(clock: Clock): MessageLog {
  const followers = new Followers()
  const absent = () => Promise.reject(new Error('Nothing is stored in this test.'))
  const shares = sharesWithin({}, clock)
  const reads = { head: absent, summary: absent, read: absent }
  const changes = { append: absent, redact: absent, redactUser: absent, deleteRoom: absent }
  const stored = { ...reads, ...changes, list: async () => [] }
  const memory = createMemoryLog({ clock, followers, shares })
  return splitLog({ memory, stored, followers, watches: new ReceiptWatches() })
}
