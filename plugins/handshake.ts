// app.settleHandshake: all that can refuse a connection before its 101, and comes back without it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { enter } from '../src/connection/room-entry.ts'
import type { Endpoint } from '../src/wire/formats.ts'
import { kIdentity } from './auth.ts'
import { leaveUndecided } from './handshake-rate.ts'
import { seatFor } from './stream-admission.ts'
import { credentialOfUpgrade } from './tokens/credential.ts'
import { beginHandshake, kHandshake } from './transports/handshake-under-way.ts'

/** The endpoint and the room that a handshake asks for. */
export interface Wish {
  endpoint: Endpoint
  room: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Settles the identity and its permission; rejects with the Refusal to answer with. */
    settleHandshake(request: FastifyRequest, reply: FastifyReply, wish: Wish): Promise<void>
  }
}

async function settleHandshake(
  request: FastifyRequest,
  reply: FastifyReply,
  { endpoint, room }: Wish,
): Promise<void> {
  const { rooms, prove, logIns } = request.server
  const seat = seatFor(request)
  const handshake = beginHandshake(request, reply, { seat, endpoint })
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

async function handshakes(app: FastifyInstance): Promise<void> {
  app.decorateRequest(kHandshake, null)
  app.decorate('settleHandshake', settleHandshake)
}

export default fp(handshakes, {
  name: 'usher-handshake',
  fastify: '5.x',
  dependencies: ['usher-stream-admission', 'usher-auth', 'usher-audit'],
})
