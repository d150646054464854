// What the server tells a client over a connection.
import type { Message } from './message.ts'

/** Something was said in a room. */
export interface MessageEvent {
  type: 'message'
  room: string
  message: Message
}

export type Event = MessageEvent
