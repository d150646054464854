// A handshake between its admission and its 101: what it has taken, which is given back when its
// client goes away before.
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Seat } from '../../src/connection/connection-limits.ts'
import type { Entry } from '../../src/connection/room-entry.ts'
import type { Claim } from '../../src/identity/authenticator.ts'
import type { Refusal } from '../../src/protocol/errors.ts'
import type { Endpoint } from '../../src/wire/formats.ts'
import { setEndpoint } from './subprotocols.ts'

export const kHandshake: unique symbol = Symbol('usher.handshake')

declare module 'fastify' {
  interface FastifyRequest {
    /** The handshake under way; null before and after it. */
    [kHandshake]: Handshake | null
  }
}

export class Handshake {
  readonly seat: Seat
  readonly response: ServerResponse
  /** Null until the credential is proved; the first message may have it. */
  entry: Entry | null = null
  /** What the connection of many rooms proved, for its connect command; null for nothing. */
  claim: Claim | Refusal | null = null
  /** Whether its client has gone away before the 101. */
  abandoned = false

  constructor(seat: Seat, response: ServerResponse) {
    this.seat = seat
    this.response = response
  }

  abandon = (): void => {
    // The socket of a refused stream request may carry further requests.
    this.response.req.socket.removeListener('close', this.abandon)
    this.abandoned = true
    this.entry?.hold.release()
    this.seat.release()
  }
}

/** The seat is the handshake's from here on. */
export function beginHandshake(
  request: FastifyRequest,
  reply: FastifyReply,
  { seat, endpoint }: { seat: Seat; endpoint: Endpoint },
): Handshake {
  const handshake = new Handshake(seat, reply.raw)
  request.raw.socket.once('close', handshake.abandon)
  request[kHandshake] = handshake
  setEndpoint(request.raw, endpoint)
  // Hooks of the application may be slow: the client may have gone, or have been answered.
  if (request.raw.socket.destroyed) handshake.abandon()
  return handshake
}

/** Takes the handshake of a request: from now on the connection gives back its seat and hold. */
export function takeHandshake(request: FastifyRequest): Handshake {
  const handshake = request[kHandshake]
  if (!handshake) throw new Error('a connection was opened without its handshake')
  request.raw.socket.removeListener('close', handshake.abandon)
  request[kHandshake] = null
  return handshake
}
