// What all rooms of a node are made of.
import type { MessageLog } from '../engine/message-log.ts'
import type { Shares } from '../engine/shares.ts'
import type { Clock } from '../time/clock.ts'
import type { Companion, CompanionRoom } from './companion.ts'
import type { FlushScheduler } from './fan-out/flush-scheduler.ts'
import type { RoomObserver } from './observer.ts'
import type { Permits } from './permission.ts'
import type { PresentRoom, RoomPresence } from './presence.ts'
import type { Publisher } from './publish.ts'
import type { ReadRate } from './read-rate.ts'
import type { Receipts } from './receipts.ts'

export interface RoomParts {
  log: MessageLog
  scheduler: FlushScheduler
  clock: Clock
  shares: Shares
  readRate: ReadRate
  permits: Permits
  publisher: Publisher
  observer: RoomObserver | null
  /** Null where the rule of the room switches presence off. */
  presenceOf(room: PresentRoom): RoomPresence | null
  /** Null in all rooms but companions. */
  companionOf(room: CompanionRoom): Companion | null
  /** Null without receipts. */
  receipts: Pick<Receipts, 'entered'> | null
}
