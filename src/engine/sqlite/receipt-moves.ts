// What a move changes in the row of a participant.
import type { Move } from '../receipt-store.ts'

/** A participant as the store has one; `own` is the user's own pair, never behind the other. */
export interface ParticipantRow {
  name: string | null
  joined: number
  delivered: number
  read: number
  ownDelivered: number
  ownRead: number
  /** 1 or 0, as `Participant.readsPrivately`. */
  readsPrivately: number
  /** When they moved a receipt or were connected, to the hour. */
  seenAt: number
}

type Offsets = Pick<Move, 'delivered' | 'read' | 'isPrivate'>

/** A sign of life is noted once in so long; so much earlier a participant may be away. */
export const NOTED_MS = 3_600_000

/**
 * One who comes in a room with this newest offset. Whose move reaches the newest message belongs to
 * the room from that message on. A private move tells nothing of what it reaches.
 */
export function newParticipant(move: Offsets, head: number, seenAt: number): ParticipantRow {
  const reached = Math.max(move.delivered ?? 0, move.read ?? 0)
  const joined = head > 0 && reached >= head && !move.isPrivate ? head - 1 : head
  const pairs = { delivered: joined, read: joined, ownDelivered: joined, ownRead: joined }
  return { name: null, joined, ...pairs, readsPrivately: 0, seenAt }
}

/** The row after the move; the same one where it changes nothing. */
export function moved(row: ParticipantRow, move: Offsets, head: number): ParticipantRow {
  const read = Math.min(move.read ?? 0, head)
  const delivered = Math.max(Math.min(move.delivered ?? 0, head), read)
  const next = {
    ...row,
    ownDelivered: Math.max(row.ownDelivered, delivered),
    ownRead: Math.max(row.ownRead, read),
  }
  if (move.read !== null) next.readsPrivately = move.isPrivate ? 1 : 0
  if (!move.isPrivate) {
    next.delivered = Math.max(row.delivered, delivered)
    next.read = Math.max(row.read, read)
  }
  const isSame = isShownAlike(row, next) && row.ownDelivered === next.ownDelivered
  return isSame && row.ownRead === next.ownRead ? row : next
}

/** Whether others see the same of both. */
export function isShownAlike(one: ParticipantRow, other: ParticipantRow): boolean {
  const { delivered, read, readsPrivately } = other
  if (one.delivered !== delivered || one.read !== read) return false
  return one.readsPrivately === readsPrivately
}
