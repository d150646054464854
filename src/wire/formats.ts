// The list of wire formats: by name, and by the subprotocol that chooses them.
import { raw } from './raw.ts'
import { sse, sseEnvelope } from './sse.ts'
import type { WireFormat } from './wire-format.ts'

const FORMATS: readonly WireFormat[] = [raw, sse, sseEnvelope]

/** Subprotocols that the server may answer with. A credential is never among them (S8). */
export const SUBPROTOCOLS: ReadonlyMap<string, WireFormat> = new Map([['usher.raw', raw]])

/** Throws for a name that is not in the list, which is a mistake in a route. */
export function formatNamed(name: string): WireFormat {
  const format = FORMATS.find((candidate) => candidate.name === name)
  if (!format) throw new Error(`no wire format is named ${name}`)
  return format
}
