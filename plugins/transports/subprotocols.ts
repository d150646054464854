// Which subprotocol a WebSocket is answered with: one that its endpoint speaks, or none.
import type { IncomingMessage } from 'node:http'
import { type Endpoint, SUBPROTOCOLS } from '../../src/wire/formats.ts'

/** The key under which a handshake leaves its endpoint for ws, which gets only the bare request. */
export const kEndpoint: unique symbol = Symbol('usher.endpoint')

type Settled = IncomingMessage & { [kEndpoint]?: Endpoint }

export function setEndpoint(request: Settled, endpoint: Endpoint): void {
  request[kEndpoint] = endpoint
}

/** Never just the client's first offer, which may be a credential (S8). */
export function chooseSubprotocol(offered: Set<string>, request: Settled): string | false {
  const endpoint = request[kEndpoint]
  if (endpoint === undefined) return false
  for (const name of offered) if (SUBPROTOCOLS[endpoint].has(name)) return name
  return false
}
