// The port between bytes and protocol. A new wire format is one file that implements this.
import type { Command } from '../protocol/command.ts'
import type { MessageEvent, Notice } from '../protocol/event.ts'

/** What a client sent in one WebSocket message. */
export interface InboundFrame {
  payload: Buffer
  binary: boolean
}

/**
 * Pure translation, no I/O. `encode` gives the bytes as they go out, framed, and MUST give the
 * same ones for every member of a room: they are made once per message and written to all.
 * `decode` MUST NOT throw on any input: what it cannot read is `null`, and the connection is closed
 * as a bad request.
 */
export interface WireFormat {
  readonly name: string
  encode(event: MessageEvent): Buffer
  /** Null where the format has no words for that. */
  announce(notice: Notice): Buffer | null
  decode(frame: InboundFrame): Command[] | null
}
