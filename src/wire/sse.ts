// Server-sent events (WHATWG HTML section 9.2), for clients that publish nothing: `id:` is the
// position, `data:` the payload, or the whole message as JSON. Over HTTP/1.1 each event is a chunk,
// which is made once for all members, as the event is.
import { type Command, UNREADABLE } from '../protocol/command.ts'
import type { Notice, RoomEvent } from '../protocol/event.ts'
import type { Message } from '../protocol/message.ts'
import { messageJson } from '../protocol/message-json.ts'
import { positionText } from '../protocol/position.ts'
import { httpChunk } from './http-chunk.ts'
import type { WireFormat } from './wire-format.ts'

/** A comment: it keeps proxies from closing the stream and tells the client that it is alive. */
export const SSE_COMMENT = Buffer.from(':\n\n')

const LINE_ENDS = /\r\n|\r|\n/g

/** Every line of data begins with `data:`, or the text could end the event and begin another. */
function block(fields: readonly string[], data: string): Buffer {
  return Buffer.from(`${[...fields, `data: ${withPrefixes(data)}`].join('\n')}\n\n`)
}

/** After how many milliseconds a client whose stream has ended requests it again [C170]. */
export function retryBlock(ms: number): Buffer {
  return Buffer.from(`retry: ${ms}\n\n`)
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
  if (event.type === 'redacted') return block(['event: redacted'], String(event.offset))
  if (event.type !== 'message') return null
  const { message } = event
  const { kind, payload } = message
  if (message.redacted) return block([...idOf(message), 'event: redacted'], '')
  if (kind !== 'binary') return block(idOf(message), payload.toString())
  return block([...idOf(message), 'event: binary'], payload.toString('base64'))
}

function encodeEnvelope(event: RoomEvent): Buffer | null {
  if (event.type !== 'message') return encode(event)
  return block(idOf(event.message), messageJson(event.message))
}

/** Each has data: half of the clients forget an id that comes without [C171]. */
function announce(notice: Notice): Buffer | null {
  if (notice.type !== 'position' && notice.type !== 'reset') return null
  const { type, position, redactions } = notice
  const { epoch, offset } = position
  const data = JSON.stringify({ epoch, offset, redactions })
  return block([`id: ${positionText(position)}`, `event: ${type}`], data)
}

/** A client that follows a stream sends nothing. */
const decode = (): Command[] => [UNREADABLE]

function inChunks(format: WireFormat): WireFormat {
  const framed = (bytes: Buffer | null): Buffer | null => bytes && httpChunk(bytes)
  return {
    ...format,
    name: `${format.name}-chunked`,
    encode: (event) => framed(format.encode(event)),
    announce: (notice) => framed(format.announce(notice)),
  }
}

/** For HTTP/1.0, which knows no chunks: the end of the TCP connection ends the stream. */
export const sse: WireFormat = {
  ...{ name: 'sse', ping: null, replies: null },
  ...{ encode, announce, decode },
}

export const sseEnvelope: WireFormat = {
  ...sse,
  name: 'sse-envelope',
  encode: encodeEnvelope,
}

export const sseChunked = inChunks(sse)
export const sseEnvelopeChunked = inChunks(sseEnvelope)
