// The commands that a client may send over a connection.
import type { Kind } from './message.ts'

/** Publish a message in a room. */
export interface PublishCommand {
  type: 'publish'
  /** The id of the reply; 0 where the client gets none. */
  id: number
  /** Null means the only room of the connection. */
  room: string | null
  kind: Kind
  payload: Buffer
}

/** The rest of a frame cannot be read; the commands before this one are good. */
export interface UnreadableCommand {
  type: 'unreadable'
}

export type Command = PublishCommand | UnreadableCommand

export const UNREADABLE: UnreadableCommand = Object.freeze({ type: 'unreadable' })
