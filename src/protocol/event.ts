// What the server tells a client over a connection.
import type { Message, Position } from './message.ts'

/** Something was said in a room. */
export interface MessageEvent {
  type: 'message'
  room: string
  message: Message
}

/** Where a room stands for a member that begins to listen: it can come back to this. */
export interface PositionEvent {
  type: 'position'
  room: string
  position: Position
}

/** What the member missed cannot be told any more: load anew, and go on from this position. */
export interface ResetEvent {
  type: 'reset'
  room: string
  position: Position
}

/** What is not said by anybody. */
export type Notice = PositionEvent | ResetEvent

export type Event = MessageEvent | Notice
