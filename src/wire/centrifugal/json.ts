// The Centrifugal protocol in JSON: commands and replies are objects, one on a line. Payloads are
// copied as they stand, from the line of a command and into that of a publication.
import { isUtf8 } from 'node:buffer'
import { type Command, UNREADABLE } from '../../protocol/command.ts'
import type { Content } from '../../protocol/content-from-json.ts'
import type { Message } from '../../protocol/message.ts'
import type { Encoding } from './encoding.ts'
import { joined, type Piece } from './framing.ts'
import { fieldPieces, readFields } from './json-fields.ts'
import { commandOf } from './requests.ts'
import { aboutOf, hasSender } from './results.ts'
import { COMMAND } from './schema.ts'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const NULL = Buffer.from('null')

/** A line of its own, or the end of the input. */
function* linesOf(payload: Buffer): Iterable<Buffer> {
  let start = 0
  do {
    const end = payload.indexOf(LF, start)
    yield payload.subarray(start, end < 0 ? payload.length : end)
    start = end < 0 ? payload.length : end + 1
  } while (start < payload.length)
}

function* decode(payload: Buffer): Iterable<Command> {
  for (const line of linesOf(payload)) {
    const command = commandIn(line)
    yield command
    if (command === UNREADABLE) return
  }
}

function commandIn(line: Buffer): Command {
  if (!isUtf8(line)) return UNREADABLE
  try {
    return commandOf(readFields(line.toString(), COMMAND), contentOf)
  } catch {
    return UNREADABLE
  }
}

function contentOf(data: Buffer | undefined): Content {
  return { kind: 'json', payload: data ?? NULL }
}

/** A line end would end the line of the reply. In JSON it stands only between values. */
function inOneLine(payload: Buffer): Buffer {
  if (!payload.includes(LF) && !payload.includes(CR)) return payload
  return Buffer.from(payload.map((byte) => (byte === LF || byte === CR ? SPACE : byte)))
}

function dataOf({ kind, payload, redacted }: Message): Piece {
  if (redacted) return NULL
  if (kind === 'json') return inOneLine(payload)
  if (kind === 'text') return JSON.stringify(payload.toString())
  return `{"b64":"${payload.toString('base64')}"}`
}

/** What follows the data of a publication, up to its end. */
function tailOf(message: Message): string {
  const { offset, time } = message
  const offsetText = offset > 0 ? `,"offset":${offset}` : ''
  const tags = message.redacted ? `,"tags":{"redacted":"${offset}"}` : ''
  return `${offsetText}${senderOf(message)}${tags},"time":${time}}`
}

function senderOf(message: Message): string {
  if (!hasSender(message)) return ''
  const about = aboutOf(message.name, null)
  const info = about === null ? '' : `,"conn_info":${about}`
  const { user, origin } = message
  const names = `"user":${JSON.stringify(user ?? '')},"client":${JSON.stringify(origin ?? '')}`
  return `,"info":{${names}${info}}`
}

function item(message: Message): Buffer {
  return joined(['{"data":', dataOf(message), tailOf(message)])
}

function publication(room: string, message: Message): Piece[] {
  const head = `{"push":{"channel":${JSON.stringify(room)},"pub":{"data":`
  return [head, dataOf(message), `${tailOf(message)}}}`]
}

export const json: Encoding = {
  ...{ name: 'json', isBinary: false },
  ...{ decode, item, publication, reply: fieldPieces },
}
