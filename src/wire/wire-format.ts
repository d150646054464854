// The port between bytes and protocol. A new wire format is one file that implements this.
import type { Command } from '../protocol/command.ts'
import type { Event } from '../protocol/event.ts'

/** RFC 6455 section 5.2: the two opcodes that carry data. */
export type DataOpcode = 1 | 2

/** What a client sent in one WebSocket message. */
export interface InboundFrame {
  payload: Buffer
  binary: boolean
}

/** What one WebSocket message to a client carries. */
export interface OutboundFrame {
  opcode: DataOpcode
  payload: Buffer
}

/**
 * Pure translation, no I/O. `encode` MUST give the same bytes for every member of a room, since
 * they are made once per message and written to all. `decode` MUST NOT throw on any input: what
 * it cannot read is `null`, and the connection is closed as a bad request.
 */
export interface WireFormat {
  readonly name: string
  encode(event: Event): OutboundFrame
  decode(frame: InboundFrame): Command[] | null
}
