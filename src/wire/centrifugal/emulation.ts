// What the Centrifugal protocol calls an emulation request: commands that a client sends in a
// request of its own, for the connection that it reads on a stream.

export interface EmulationRequest {
  node: string
  session: string
  /** A frame of the connection's format. */
  data: Buffer
}

/** In JSON the data is a string. Null for what is no such request. */
export function emulationInJson(body: Buffer): EmulationRequest | null {
  const value = parsed(body.toString())
  if (typeof value !== 'object' || value === null) return null
  const { node, session, data } = value as Record<string, unknown>
  const isOne = typeof node === 'string' && typeof session === 'string' && typeof data === 'string'
  return isOne ? { node, session, data: Buffer.from(data) } : null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
