// The Centrifugal protocol in Protobuf: each command and reply comes after its length as a varint.
import { type Command, PONG, UNREADABLE } from '../../protocol/command.ts'
import type { Content } from '../../protocol/content-from-json.ts'
import type { Message } from '../../protocol/message.ts'
import { isJson } from '../../protocol/payload.ts'
import type { Encoding } from './encoding.ts'
import { bytesOf, joined, type Piece } from './framing.ts'
import { fieldPieces, put, Reader, readFields, varint } from './protobuf-fields.ts'
import { commandOf } from './requests.ts'
import { hasSender, redactedTags, senderOf } from './results.ts'
import { COMMAND, PUBLICATION, PUSH, REPLY, type ReplyFields } from './schema.ts'

const NOTHING = Buffer.alloc(0)
const NULL = Buffer.from('null')

function decode(payload: Buffer): Command[] {
  const commands: Command[] = []
  const reader = new Reader(payload)
  try {
    while (!reader.isAtEnd) {
      const command = commandIn(reader.delimited())
      commands.push(command)
      if (command === UNREADABLE) break
    }
  } catch {
    commands.push(UNREADABLE)
  }
  return commands
}

function commandIn(bytes: Buffer): Command {
  return bytes.length === 0 ? PONG : commandOf(readFields(bytes, COMMAND), contentOf)
}

function contentOf(data: Buffer = NOTHING): Content {
  return { kind: isJson(data) ? 'json' : 'binary', payload: data }
}

/** A publication. */
function pubPieces(message: Message): Piece[] {
  const { payload, offset, time, redacted } = message
  const pieces: Piece[] = []
  put(pieces, PUBLICATION.data[0], [redacted ? NULL : payload])
  const info = hasSender(message) ? { info: senderOf(message) } : {}
  const tags = redacted ? { tags: redactedTags(offset) } : {}
  pieces.push(...fieldPieces(PUBLICATION, { ...info, offset, ...tags, time }))
  return pieces
}

function item(message: Message): Buffer {
  return joined(pubPieces(message))
}

function publication(room: string, message: Message): Piece[] {
  const push: Piece[] = []
  put(push, PUSH.channel[0], [room])
  put(push, PUSH.pub[0], pubPieces(message))
  const body: Piece[] = []
  put(body, REPLY.push[0], push)
  return [varint(bytesOf(body)), ...body]
}

function reply(fields: ReplyFields): Piece[] {
  const body = fieldPieces(REPLY, fields)
  return [varint(bytesOf(body)), ...body]
}

export const protobuf: Encoding = {
  ...{ name: 'protobuf', isBinary: true },
  ...{ decode, item, publication, reply },
}
