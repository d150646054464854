// app.settleHandshake: everything that can refuse a connection before its 101. What a handshake
// takes is given back when its client goes away.
import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Seat } from '../src/connection/connection-limits.ts'
import { type Entry, enter } from '../src/connection/room-entry.ts'
import type { Endpoint } from '../src/wire/formats.ts'
import { kIdentity } from './auth.ts'
import { credentialOfUpgrade } from './tokens/credential.ts'
import { setEndpoint } from './transports/subprotocols.ts'

/** What a handshake is for. */
export interface Wish {
  endpoint: Endpoint
  room: string
}

export const kHandshake: unique symbol = Symbol('usher.handshake')

declare module 'fastify' {
  interface FastifyInstance {
    /** Settles who comes and whether they may; throws the Refusal to answer with. */
    settleHandshake(request: FastifyRequest, reply: FastifyReply, wish: Wish): Promise<void>
  }
  interface FastifyRequest {
    /** What a handshake has taken so far; null before and after it. */
    [kHandshake]: Handshake | null
  }
}

/** Given back when the client goes away before the 101, whenever that is. */
export class Handshake {
  readonly seat: Seat
  readonly response: ServerResponse
  /** Null while the first message is to decide. */
  entry: Entry | null = null
  /** Whether its client has gone away. */
  abandoned = false

  constructor(seat: Seat, response: ServerResponse) {
    this.seat = seat
    this.response = response
  }

  abandon = (): void => {
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
  const { connections, rooms, prove, logIns, networkOf } = request.server
  const { connectionLimits, clock } = connections
  const seat = connectionLimits.take(networkOf(request), clock.elapsed())
  const handshake = new Handshake(seat, reply.raw)
  request.raw.socket.once('close', handshake.abandon)
  request[kHandshake] = handshake
  setEndpoint(request.raw, endpoint)
  // An application's own hook may have taken its time, and the client its leave.
  if (request.raw.socket.destroyed) handshake.abandon()
  try {
    const credential = credentialOfUpgrade(request, logIns, endpoint)
    if (credential === null) return handshake.seat.markPending()
    const claim = await prove(request, credential)
    request[kIdentity] = claim.identity
    handshake.entry = await enter(rooms, { room, claim, seat: handshake.seat })
    if (handshake.abandoned) handshake.abandon()
  } catch (error) {
    // A request that asked for a stream may be followed by others on the same socket.
    request.raw.socket.removeListener('close', handshake.abandon)
    handshake.abandon()
    throw error
  }
}

/** What the handshake took is now the connection's to give back. */
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
  dependencies: ['usher-handshake-form', 'usher-auth', 'usher-audit'],
})
