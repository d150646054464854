// The port for who belongs to a room, connected or not, and how far each of them has got in it.
//
// A participant has two pairs of offsets. The pair that shows is what watermarks, counts and lists
// are of. The user's own pair is never behind it: it is moved by private reading too, and only the
// user's devices see it.
import type { Position } from '../protocol/message.ts'
import type { Holder } from './shares.ts'

/** How far a user has got: the newest message that came to them, and the newest that they read. */
export interface Receipt {
  readonly delivered: number
  readonly read: number
}

/** Of whom a receipt is. */
export interface Owner {
  readonly user: string
  /**
   * How people call the user; kept with the participant, null where it is not known. A move with
   * another name changes it.
   */
  readonly name: string | null
}

/** What one move says. At least one of the two offsets is given. */
export interface Move {
  readonly room: string
  readonly delivered: number | null
  /** What was read was delivered too. */
  readonly read: number | null
  /** Moves the user's own pair alone. */
  readonly isPrivate: boolean
}

/** As others see a participant. */
export interface Participant extends Owner, Receipt {
  /** The room's newest offset when they came: messages up to it need no receipt of theirs. */
  readonly joined: number
  /** Whether they read privately now: then they count for nothing that is about reading. */
  readonly readsPrivately: boolean
  /** Whether they have been away for long: then they count in no watermark. */
  readonly isAway: boolean
}

/** The smallest two of some offsets; fewer where fewer participants count. */
export type Smallest = readonly number[]

/**
 * What the receipts of a room come to, without a name. The one whose own offset is the smallest
 * takes the second, and so has the smallest of all others.
 */
export interface ReceiptSums {
  readonly epoch: string
  /** All participants, those who are away too. */
  readonly participants: number
  /** Null where there are more participants than were to be looked at, as the next two are. */
  readonly joined: Smallest | null
  readonly delivered: Smallest | null
  /** Over those who do not read privately. */
  readonly read: Smallest | null
}

/** A room that a user belongs to. */
export interface ParticipantRoom extends Receipt {
  readonly room: string
  readonly head: Position
  /** The time of the newest message; of a room without any, when the user came. */
  readonly time: number
}

/** Newest first, and by name where two are as old. */
export function byTime(one: TimedRoom, other: TimedRoom): number {
  if (one.time !== other.time) return other.time - one.time
  return one.room < other.room ? -1 : 1
}

/** Whether the room comes behind this place; all come behind none. */
export function isBehind({ room, time }: TimedRoom, place: RoomPlace | null): boolean {
  if (place === null || time < place.time) return true
  return time === place.time && place.room !== null && room > place.room
}

type TimedRoom = Pick<ParticipantRoom, 'room' | 'time'>

/** Where a list of rooms goes on: rooms may be as old as each other. */
export interface RoomPlace {
  readonly time: number
  /** The last room that was told of this time; null where none of this time is to come. */
  readonly room: string | null
}

/** Which rooms of a user, in the order of `byTime`. */
export interface ParticipantQuery {
  readonly user: string
  /** Only rooms behind this place; null for all. */
  readonly before: RoomPlace | null
  readonly limit: number
  readonly holder: Holder
}

/** No method may throw. */
export type OnReceipts = () => void

/** Ends what `watch` began; calling it again does nothing. */
export interface ReceiptWatch {
  stop(): void
}

/** A participant who neither moved nor was connected for so long is away, until the next move. */
export const AWAY_AFTER_MS = 30 * 86_400_000

/**
 * Rooms are those with history. Offsets of a receipt only grow within an epoch. Where an epoch
 * begins in which offsets begin again, every participant stays, with all offsets at 0; a deleted
 * room has no participants. A change is as durable as a message when its promise resolves, and
 * what is asked of any node from then on shows it.
 *
 * A participant comes with all offsets at `joined`, which is the room's newest offset, or the one
 * before it where the move that makes them a participant reaches the newest message. A private move
 * makes no such difference: what it reaches would show.
 */
export interface ReceiptStore {
  /**
   * Moves the user's receipts in these rooms, each by itself: forward only, at most to the newest
   * message, and makes the user a participant where they are none. Gives the user's own pair after
   * each move, in the order of the moves, or why one was refused: a quota, a full store. Rejects
   * with EngineUnavailable where none may have been made.
   */
  move(owner: Owner, moves: readonly Move[], holder: Holder): Promise<(Receipt | Error)[]>
  /** Makes the user a participant; does nothing where they are one. */
  add(room: string, owner: Owner, holder: Holder): Promise<void>
  /** False where they were none. */
  remove(room: string, user: string): Promise<boolean>
  /** The user belongs to no room any more: their account is gone. */
  removeUser(user: string): Promise<void>
  /**
   * A participant of these rooms is connected. Rooms where they are none or away are left out. It
   * may be noted once an hour, so that one is away so much earlier.
   */
  seen(user: string, rooms: readonly string[]): Promise<void>
  /** The user's own pair; null where they are no participant. */
  own(room: string, user: string): Promise<Receipt | null>
  /** Looks at `most` participants at most, whatever their number. */
  sums(room: string, most: number): Promise<ReceiptSums>
  /** By user, by code points; null where there are more than `most`. */
  participants(room: string, most: number): Promise<readonly Participant[] | null>
  rooms(query: ParticipantQuery): Promise<ParticipantRoom[]>
  /**
   * Calls `onChanged` within 2 s after the sums of the room may have changed, on every node that
   * watches it; not for a private move that changes none of them, and not when time alone makes a
   * participant away. Resolves when no later change can be missed.
   */
  watch(room: string, onChanged: OnReceipts): Promise<ReceiptWatch>
}
