// The Centrifugal protocol in Protobuf: each command and reply comes after its length as a varint.
import { type Command, PONG, UNREADABLE } from '../../protocol/command.ts'
import type { Content } from '../../protocol/content-from-json.ts'
import type { Message } from '../../protocol/message.ts'
import { isJson } from '../../protocol/payload.ts'
import type { Encoding } from './encoding.ts'
import type { Piece } from './framing.ts'
import { Reader, readFields, Writer, writeFields } from './protobuf-fields.ts'
import { commandOf } from './requests.ts'
import { hasSender, redactedTags, senderOf } from './results.ts'
import { COMMAND, PUBLICATION, PUSH, REPLY, type ReplyFields } from './schema.ts'

const NOTHING = Buffer.alloc(0)
const NULL = Buffer.from('null')

function* decode(payload: Buffer): Iterable<Command> {
  const reader = new Reader(payload)
  while (!reader.isAtEnd) {
    const command = nextCommand(reader)
    yield command
    if (command === UNREADABLE) return
  }
}

function nextCommand(reader: Reader): Command {
  try {
    const bytes = reader.delimited()
    return bytes.length === 0 ? PONG : commandOf(readFields(bytes, COMMAND), contentOf)
  } catch {
    return UNREADABLE
  }
}

function contentOf(data: Buffer = NOTHING): Content {
  return { kind: isJson(data) ? 'json' : 'binary', payload: data }
}

/** All that is written is copied into what carries it before the next is. */
const writer = new Writer()

function writePublication(message: Message): void {
  const { payload, offset, time, redacted } = message
  const info = hasSender(message) ? { info: senderOf(message) } : {}
  const tags = redacted ? { tags: redactedTags(offset) } : {}
  const data = redacted ? NULL : payload
  writer.begin()
  writeFields(writer, PUBLICATION, { data, ...info, offset, ...tags, time })
}

function item(message: Message): Buffer {
  writePublication(message)
  return Buffer.from(writer.written)
}

function publication(room: string, message: Message): Piece[] {
  writePublication(message)
  writer.close(0, PUSH.pub[0])
  writer.piece(PUSH.channel[0], room)
  writer.close(0, REPLY.push[0])
  writer.close(0)
  return [writer.written]
}

function reply(fields: ReplyFields): Piece[] {
  writer.begin()
  writeFields(writer, REPLY, fields)
  writer.close(0)
  return [writer.written]
}

export const protobuf: Encoding = {
  ...{ name: 'protobuf', isBinary: true },
  ...{ decode, item, publication, reply },
}
