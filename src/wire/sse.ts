// Server-sent events (WHATWG HTML section 9.2), for those who only listen: `id:` is the position,
// `data:` the payload, or the whole message as JSON.
import type { MessageEvent, Notice } from '../protocol/event.ts'
import type { Message } from '../protocol/message.ts'
import { messageJson } from '../protocol/message-json.ts'
import { positionText } from '../protocol/position.ts'
import type { WireFormat } from './wire-format.ts'

/** A comment: it keeps proxies awake and tells the client that the line is not dead. */
export const SSE_COMMENT = Buffer.from(':\n\n')

const LINE_END = /\r\n|\r|\n/

/** Every line of data begins with its name, or the text could end the event and begin another. */
function block(fields: readonly string[], data: string | null): Buffer {
  const lines = data === null ? [] : data.split(LINE_END).map((line) => `data: ${line}`)
  return Buffer.from(`${[...fields, ...lines].join('\n')}\n\n`)
}

/** What is not kept carries no id: a client must not come back to it. */
function idOf({ epoch, offset }: Message): string[] {
  return epoch === null || offset === 0 ? [] : [`id: ${positionText({ epoch, offset })}`]
}

function encode({ message }: MessageEvent): Buffer {
  const { kind, payload } = message
  if (message.redacted) return block([...idOf(message), 'event: redacted'], '')
  if (kind !== 'binary') return block(idOf(message), payload.toString())
  return block([...idOf(message), 'event: binary'], payload.toString('base64'))
}

function encodeEnvelope({ message }: MessageEvent): Buffer {
  return block(idOf(message), messageJson(message))
}

function announce({ type, position }: Notice): Buffer {
  const text = positionText(position)
  if (type === 'position') return block([`id: ${text}`], null)
  return block([`id: ${text}`, 'event: reset'], text)
}

/** Nothing comes from those who only listen. */
const decode = (): null => null

export const sse: WireFormat = { name: 'sse', encode, announce, decode }

export const sseEnvelope: WireFormat = {
  ...{ name: 'sse-envelope', announce, decode },
  encode: encodeEnvelope,
}
