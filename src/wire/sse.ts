// Server-sent events (WHATWG HTML section 9.2), for clients that publish nothing: `id:` is the
// position, `data:` the payload, or the whole message as JSON.
import { type Command, UNREADABLE } from '../protocol/command.ts'
import type { Notice, RoomEvent } from '../protocol/event.ts'
import type { Message } from '../protocol/message.ts'
import { messageJson } from '../protocol/message-json.ts'
import { positionText } from '../protocol/position.ts'
import type { WireFormat } from './wire-format.ts'

/** A comment: it keeps proxies from closing the stream and tells the client that it is alive. */
export const SSE_COMMENT = Buffer.from(':\n\n')

const LINE_ENDS = /\r\n|\r|\n/g

/** Every line of data begins with `data:`, or the text could end the event and begin another. */
function block(fields: readonly string[], data: string | null): Buffer {
  const lines = data === null ? fields : [...fields, `data: ${withPrefixes(data)}`]
  return Buffer.from(`${lines.join('\n')}\n\n`)
}

/** In one piece: a text may be nothing but line ends, and a list of them is many times as large. */
function withPrefixes(data: string): string {
  return data.replace(LINE_ENDS, '\ndata: ')
}

/** A message that is not kept has no id: a client must not resume at it. */
function idOf({ epoch, offset }: Message): string[] {
  return epoch === null || offset === 0 ? [] : [`id: ${positionText({ epoch, offset })}`]
}

function encode(event: RoomEvent): Buffer | null {
  if (event.type !== 'message') return null
  const { message } = event
  const { kind, payload } = message
  if (message.redacted) return block([...idOf(message), 'event: redacted'], '')
  if (kind !== 'binary') return block(idOf(message), payload.toString())
  return block([...idOf(message), 'event: binary'], payload.toString('base64'))
}

function encodeEnvelope(event: RoomEvent): Buffer | null {
  if (event.type !== 'message') return null
  return block(idOf(event.message), messageJson(event.message))
}

function announce(notice: Notice): Buffer | null {
  if (notice.type !== 'position' && notice.type !== 'reset') return null
  const text = positionText(notice.position)
  if (notice.type === 'position') return block([`id: ${text}`], null)
  return block([`id: ${text}`, 'event: reset'], text)
}

/** A client that follows a stream sends nothing. */
const decode = (): Command[] => [UNREADABLE]

export const sse: WireFormat = {
  ...{ name: 'sse', ping: null, replies: null },
  ...{ encode, announce, decode },
}

export const sseEnvelope: WireFormat = {
  ...sse,
  name: 'sse-envelope',
  encode: encodeEnvelope,
}
