// The list of wire formats: by name, and by the subprotocol that chooses them at an endpoint.
import type { Encoding } from './centrifugal/encoding.ts'
import {
  asTheyAre,
  type Framing,
  inChunks,
  inEvents,
  inFrames,
  inLines,
} from './centrifugal/framing.ts'
import { json } from './centrifugal/json.ts'
import { protobuf } from './centrifugal/protobuf.ts'
import { richFormat } from './centrifugal/rich-format.ts'
import { raw } from './raw.ts'
import { sse, sseChunked, sseEnvelope, sseEnvelopeChunked } from './sse.ts'
import type { RichFormat, WireFormat } from './wire-format.ts'

/** What carries a rich format: a WebSocket, or the answer to one request, by HTTP/1.1 in chunks. */
export type Carrier = 'websocket' | 'stream' | 'stream-chunked' | 'sse' | 'sse-chunked'

function formatsOf(encoding: Encoding, framings: Partial<Record<Carrier, Framing>>) {
  const { name } = encoding
  return new Map(
    Object.entries(framings).map(([carrier, framing]) => {
      const suffix = carrier === 'websocket' ? '' : `-${carrier}`
      return [carrier, richFormat(`centrifugal-${name}${suffix}`, encoding, framing)]
    }),
  )
}

const RICH: Readonly<Record<Encoding['name'], ReadonlyMap<string, RichFormat>>> = {
  json: formatsOf(json, {
    websocket: inFrames(1),
    stream: inLines,
    'stream-chunked': inChunks(inLines),
    sse: inEvents,
    'sse-chunked': inChunks(inEvents),
  }),
  protobuf: formatsOf(protobuf, {
    websocket: inFrames(2),
    stream: asTheyAre,
    'stream-chunked': inChunks(asTheyAre),
  }),
}

const FORMATS: readonly WireFormat[] = [
  ...[raw, sse, sseEnvelope, sseChunked, sseEnvelopeChunked],
  ...Object.values(RICH).flatMap((formats) => [...formats.values()]),
]

/** An endpoint that takes WebSockets. `rooms`: one room, named by the path; `connection`: many. */
export type Endpoint = 'rooms' | 'connection'

/**
 * The subprotocols that the server may answer with, by endpoint: each endpoint speaks its own
 * formats. A credential is never among them (S8).
 */
export const SUBPROTOCOLS: Readonly<Record<Endpoint, ReadonlyMap<string, WireFormat>>> = {
  rooms: new Map([['usher.raw', raw]]),
  connection: new Map([
    ['centrifuge-json', richFormatOf('json', 'websocket')],
    ['centrifuge-protobuf', richFormatOf('protobuf', 'websocket')],
  ]),
}

/** Throws for a name that is not in the list, which is a mistake in a route. */
export function formatNamed(name: string): WireFormat {
  const format = FORMATS.find((candidate) => candidate.name === name)
  if (!format) throw new Error(`no wire format is named ${name}`)
  return format
}

/** Throws where the encoding has no such carrier: server-sent events are text. */
export function richFormatOf(encoding: Encoding['name'], carrier: Carrier): RichFormat {
  const format = RICH[encoding].get(carrier)
  if (!format) throw new Error(`${encoding} is not carried by ${carrier}`)
  return format
}
