// What the server tells a client over a connection.
import type { Message, Position } from './message.ts'

/** A message was published in a room. */
export interface MessageEvent {
  type: 'message'
  room: string
  message: Message
}

/** One connection, as the members of its room may know it. */
export interface ClientInfo {
  connection: string
  user: string | null
  /** How people call the user, or null. */
  name: string | null
  /** The public part of what travels with the user, as JSON text, or null. */
  info: string | null
}

/** A connection joined or left a room. */
export interface PresenceEvent {
  type: 'joined' | 'left'
  room: string
  client: ClientInfo
}

/** What all members of a room are told, each in its wire format. */
export type RoomEvent = MessageEvent | PresenceEvent

/** Where a room stands for a member that begins to listen: it can return to this position. */
export interface PositionEvent {
  type: 'position'
  room: string
  position: Position
}

/** What the member missed is no longer kept: load the room again and go on from this position. */
export interface ResetEvent {
  type: 'reset'
  room: string
  position: Position
}

/** The server made the connection a member, or ended its membership with this code. */
export interface MembershipEvent {
  type: 'subscribed' | 'unsubscribed'
  room: string
  code: number
  reason: string
}

/** What one member alone is told. */
export type Notice = PositionEvent | ResetEvent | MembershipEvent

export type Event = RoomEvent | Notice

/** The connection that an event came by, which is left out where it wants no echo. */
export function originOf(event: RoomEvent): string | null {
  return event.type === 'message' ? event.message.origin : null
}
