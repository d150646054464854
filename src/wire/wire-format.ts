// The port between bytes and protocol. A new wire format is one file that implements this.
import type { Command } from '../protocol/command.ts'
import type { Notice, RoomEvent } from '../protocol/event.ts'
import type { Message } from '../protocol/message.ts'
import type { Reply } from '../protocol/reply.ts'

/** What a client sent in one WebSocket message. */
export interface InboundFrame {
  payload: Buffer
  binary: boolean
}

/** Pure translation, no I/O. Bytes are given as they go out, framed. */
export interface WireFormat {
  readonly name: string
  /** What asks a client for a sign of life; null where the transport has a ping of its own. */
  readonly ping: Buffer | null
  /** How commands are answered; null where they are not, and what fails closes the connection. */
  readonly replies: ReplyFormat | null
  /**
   * MUST give the same bytes for every member of a room: they are made once and written to all.
   * Null where the format has no words for the event; it has some for every message.
   */
  encode(event: RoomEvent): Buffer | null
  /** What one member alone is told; null where the format has no words for it. */
  announce(notice: Notice): Buffer | null
  /**
   * The commands of a frame in their order. MUST NOT throw on any input: what cannot be read ends
   * the list with an `unreadable` command, and the connection is closed as a bad request.
   */
  decode(frame: InboundFrame): Command[]
}

export interface ReplyFormat {
  /** One message as it stands in a `joined` reply; made once for all clients that missed it. */
  item(message: Message): Buffer
  /** The answer to the command with this id, which is above 0. */
  reply(id: number, reply: Reply): Buffer
}
