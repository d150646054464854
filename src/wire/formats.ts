// The list of wire formats: by name, and by the subprotocol that chooses them at an endpoint.
import { raw } from './raw.ts'
import { sse, sseChunked, sseEnvelope, sseEnvelopeChunked } from './sse.ts'
import type { WireFormat } from './wire-format.ts'

const FORMATS: readonly WireFormat[] = [raw, sse, sseEnvelope, sseChunked, sseEnvelopeChunked]

/** An endpoint that takes WebSockets. `rooms`: one room, named by the path. */
export type Endpoint = 'rooms'

/**
 * The subprotocols that the server may answer with, by endpoint: each endpoint speaks its own
 * formats. A credential is never among them (S8).
 */
export const SUBPROTOCOLS: Readonly<Record<Endpoint, ReadonlyMap<string, WireFormat>>> = {
  rooms: new Map([['usher.raw', raw]]),
}

/** Throws for a name that is not in the list, which is a mistake in a route. */
export function formatNamed(name: string): WireFormat {
  const format = FORMATS.find((candidate) => candidate.name === name)
  if (!format) throw new Error(`no wire format is named ${name}`)
  return format
}
