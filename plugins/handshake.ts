// app.settleHandshake: all that can refuse a connection before its 101, and comes back without it.
import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Seat } from '../src/connection/connection-limits.ts'
import { type Entry, enter } from '../src/connection/room-entry.ts'
import type { Endpoint } from '../src/wire/formats.ts'
import { kIdentity } from './auth.ts'
import { leaveUndecided } from './handshake-rate.ts'
import { seatFor } from './stream-admission.ts'
import { credentialOfUpgrade } from './tokens/credential.ts'
import { setEndpoint } from './transports/subprotocols.ts'

/** The endpoint and the room that a handshake asks for. */
export interface Wish {
  endpoint: Endpoint
  room: string
}

export const kHandshake: unique symbol = Symbol('usher.handshake')

declare module 'fastify' {
  interface FastifyInstance {
    /** Settles the identity and its permission; rejects with the Refusal to answer with. */
    settleHandshake(request: FastifyRequest, reply: FastifyReply, wish: Wish): Promise<void>
  }
  interface FastifyRequest {
    /** The handshake under way; null before and after it. */
    [kHandshake]: Handshake | null
  }
}

/** What a handshake has taken, given back when its client goes away before the 101. */
export class Handshake {
  readonly seat: Seat
  readonly response: ServerResponse
  /** Null until the credential is proved; the first message may have it. */
  entry: Entry | null = null
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

async function settleHandshake(
  request: FastifyRequest,
  reply: FastifyReply,
  { endpoint, room }: Wish,
): Promise<void> {
  const { rooms, prove, logIns } = request.server
  const seat = seatFor(request)
  const handshake = new Handshake(seat, reply.raw)
  request.raw.socket.once('close', handshake.abandon)
  request[kHandshake] = handshake
  setEndpoint(request.raw, endpoint)
  // Hooks of the application may be slow: the client may have gone, or have been answered.
  if (request.raw.socket.destroyed) handshake.abandon()
  try {
    const credential = credentialOfUpgrade(request, logIns, endpoint)
    if (credential === null) return handshake.abandoned ? undefined : leaveUndecided(request, seat)
    const claim = await prove(request, credential)
    request[kIdentity] = claim.identity
    handshake.entry = await enter(rooms, { room, claim, seat })
    if (handshake.abandoned || reply.sent) handshake.abandon()
  } catch (error) {
    handshake.abandon()
    throw error
  }
}

/** Takes the handshake of a request: from now on the connection gives back its seat and hold. */
export function takeHandshake(request: FastifyRequest): Handshake {
  const handshake = request[kHandshake]
  if (!handshake) throw new Error('a connection was opened without its handshake')
  request.raw.socket.removeListener('close', handshake.abandon)
  request[kHandshake] = null
  return handshake
}

async function handshakes(app: FastifyInstance): Promise<void> {
  app.decorateRequest(kHandshake, null)
  app.decorate('settleHandshake', settleHandshake)
}

export default fp(handshakes, {
  name: 'usher-handshake',
  fastify: '5.x',
  dependencies: ['usher-stream-admission', 'usher-auth', 'usher-audit'],
})
