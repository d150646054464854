// Replies to commands, on connections whose wire format has replies.
import type { ReplyCode } from './errors.ts'
import type { Position } from './message.ts'

/** A message was accepted; without history it has no position. */
export interface PublishedReply {
  type: 'published'
  position: Position | null
  /** Milliseconds since 1970. */
  time: number
}

/** The connection is a member of a room from here on. */
export interface JoinedReply {
  type: 'joined'
  room: string
  position: Position | null
  /** Whether `items` are all that was published after the position that was asked for. */
  recovered: boolean
  /** The messages that the client missed, as the format's `item` gives them. */
  items: readonly Buffer[]
}

/** The command was refused, and nothing has changed. */
export interface FailedReply {
  type: 'failed'
  code: ReplyCode
  /** A sentence that says what to do. */
  message: string
}

export type Reply = PublishedReply | JoinedReply | FailedReply
