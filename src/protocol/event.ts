// The events that the server sends to a client over a connection.
import type { Message, Position } from './message.ts'

/** A message was published in a room. */
export interface MessageEvent {
  type: 'message'
  room: string
  message: Message
}

/** One connection, as the other members of its room see it. */
export interface ClientInfo {
  connection: string
  user: string | null
  /** The user's display name, or null. */
  name: string | null
  /** The public part of the user's info, as JSON text, or null. */
  info: string | null
}

/** A connection joined or left a room. */
export interface PresenceEvent {
  type: 'joined' | 'left'
  room: string
  client: ClientInfo
}

/** The message at this offset was taken back. It has no position, which would rewind clients. */
export interface RedactedEvent {
  type: 'redacted'
  room: string
  offset: number
}

/** An event for all members of a room, each in its wire format. */
export type RoomEvent = MessageEvent | RedactedEvent | PresenceEvent

/** The position at which a member starts: it can return to it. */
export interface PositionEvent {
  type: 'position'
  room: string
  position: Position
  /** How many messages were redacted in this epoch. */
  redactions: number
}

/** Messages that the member missed are no longer kept: load the room again, then use `position`. */
export interface ResetEvent {
  type: 'reset'
  room: string
  position: Position
  /** How many messages were redacted in this epoch. */
  redactions: number
}

/** The server ended a membership, and the connection stays; the code says whether to return. */
export interface UnsubscribedEvent {
  type: 'unsubscribed'
  room: string
  code: number
  reason: string
}

/** An event for one member alone. */
export type Notice = PositionEvent | ResetEvent | UnsubscribedEvent

export type Event = RoomEvent | Notice

/** Whether an event is not for the connection that it came by, also where that wants echo. */
export function isUnechoed(event: RoomEvent): boolean {
  return event.type === 'message' && event.message.unechoed === true
}

/** The connection that an event came by, which does not get it if it wants no echo. */
export function originOf(event: RoomEvent): string | null {
  return event.type === 'message' ? event.message.origin : null
}
