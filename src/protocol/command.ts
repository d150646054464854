// What a client may ask for over a connection.
import type { Kind } from './message.ts'

/** Say something in the room that the connection is in. */
export interface PublishCommand {
  type: 'publish'
  kind: Kind
  payload: Buffer
}

export type Command = PublishCommand
