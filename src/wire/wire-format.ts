// The port between bytes and protocol. A new wire format is one file that implements this.
import type { Command } from '../protocol/command.ts'
import type { CloseCode } from '../protocol/errors.ts'
import type { Notice, RoomEvent } from '../protocol/event.ts'
import type { Message } from '../protocol/message.ts'
import type { Reply } from '../protocol/reply.ts'

/** What a client sent in one WebSocket message. */
export interface InboundFrame {
  payload: Buffer
  binary: boolean
}

/** Pure translation, no I/O. All bytes are whole frames, as they are written. */
export interface WireFormat {
  readonly name: string
  /** A frame that asks a client for an answer; null where the transport has a ping of its own. */
  readonly ping: Buffer | null
  /**
   * How commands are answered; null without replies, where a failure closes the connection.
   */
  readonly replies: ReplyFormat | null
  /**
   * MUST give the same bytes for every member of a room: they are made once and written to all.
   * Null where the format cannot express the event; it MUST be able to express every message.
   */
  encode(event: RoomEvent): Buffer | null
  /** An event for one member alone; null where the format cannot express it. */
  announce(notice: Notice): Buffer | null
  /**
   * The commands of a frame in their order, each read when it is asked for: what follows one that
   * closes the connection costs nothing. MUST NOT throw on any input: an unreadable part ends the
   * list with an `unreadable` command, and the connection is closed as a bad request.
   */
  decode(frame: InboundFrame): Iterable<Command>
}

export interface ReplyFormat {
  /**
   * One message as it stands in replies; made once for all clients that ask for it. Formats whose
   * items are alike SHOULD share one function: what it makes is cached by it.
   */
  readonly item: (message: Message) => Buffer
  /** The answer to the command with this id, which is above 0. */
  reply(id: number, reply: Reply): Buffer
}

/** A format of connections that are in many rooms. */
export interface RichFormat extends WireFormat {
  readonly replies: ReplyFormat
  /** The same for members that hear of joins and leaves too: they are a group of their own. */
  readonly withPresence: WireFormat
  /** Tells why a connection ends, where its transport has no close of its own. */
  disconnect(close: CloseCode): Buffer
}
