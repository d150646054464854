// What a client may ask for over a connection.
import type { Kind } from './message.ts'

/** Publish a message in a room. */
export interface PublishCommand {
  type: 'publish'
  /** What the reply names; 0 where the client waits for none. */
  id: number
  /** Null means the room of a connection that has one alone. */
  room: string | null
  kind: Kind
  payload: Buffer
}

/** What stands in a frame cannot be read from here on; the commands before it are good. */
export interface UnreadableCommand {
  type: 'unreadable'
}

export type Command = PublishCommand | UnreadableCommand

export const UNREADABLE: UnreadableCommand = Object.freeze({ type: 'unreadable' })
