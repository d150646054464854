// The port that tells an application of joins, leaves and messages. Nothing waits for it.
import type { Appended } from '../engine/message-log.ts'
import type { Draft } from '../protocol/message.ts'
import type { Member } from './member.ts'

/** Called on the node where it happened. MUST NOT throw. */
export interface RoomObserver {
  joined(room: string, member: Member): void
  left(room: string, member: Member): void
  /** A message was accepted, over any transport; a repetition by key is not told again. */
  published(room: string, draft: Draft, appended: Appended): void
}
