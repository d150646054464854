// What the Centrifugal protocol calls an emulation request: commands that a client sends in a
// request of its own, for the connection whose replies it reads on a stream.
import type { InboundFrame } from '../wire-format.ts'
import { readFields } from './protobuf-fields.ts'
import type { Fields } from './schema.ts'

export interface EmulationRequest {
  node: string
  session: string
  /** A frame of the connection's format. */
  data: Buffer
}

const FIELDS = {
  node: [1, 'string'],
  session: [2, 'string'],
  data: [3, 'bytes'],
} as const satisfies Fields

const NOTHING = Buffer.alloc(0)

/** Null for what is no such request. */
export function readEmulation({ payload, binary }: InboundFrame): EmulationRequest | null {
  try {
    return binary ? inProtobuf(payload) : inJson(payload)
  } catch {
    return null
  }
}

function inProtobuf(payload: Buffer): EmulationRequest {
  const { node = '', session = '', data = NOTHING } = readFields(payload, FIELDS)
  return { node, session, data }
}

/** The data is a string. */
function inJson(payload: Buffer): EmulationRequest | null {
  const { node, session, data } = JSON.parse(payload.toString())
  const isOne = typeof node === 'string' && typeof session === 'string' && typeof data === 'string'
  return isOne ? { node, session, data: Buffer.from(data) } : null
}
