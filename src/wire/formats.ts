// The list of wire formats, by the subprotocol that chooses them.
import { raw } from './raw.ts'
import type { WireFormat } from './wire-format.ts'

/** Subprotocols that the server may answer with. A credential is never among them (S8). */
export const SUBPROTOCOLS: ReadonlyMap<string, WireFormat> = new Map([['usher.raw', raw]])
