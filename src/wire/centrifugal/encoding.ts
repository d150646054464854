// What the two encodings of the Centrifugal protocol have in common, whatever carries them.
import type { Command } from '../../protocol/command.ts'
import type { Message } from '../../protocol/message.ts'
import type { Piece } from './framing.ts'
import type { ReplyFields } from './schema.ts'

/** Bodies are whole, in pieces that are put into one buffer with what carries them. */
export interface Encoding {
  readonly name: 'json' | 'protobuf'
  /** Whether its frames are binary; those of the other kind cannot be read. */
  readonly isBinary: boolean
  /** As `WireFormat.decode`, of a frame of its kind that is not empty. */
  decode(payload: Buffer): Iterable<Command>
  /** A message as it stands in replies and pushes. */
  item(message: Message): Buffer
  /** A message that was just published; this is the hot path. */
  publication(room: string, message: Message): readonly Piece[]
  /** A reply or a push; without fields it is a ping. */
  reply(fields: ReplyFields): readonly Piece[]
}
