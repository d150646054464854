// How many handshakes a second there may be. One that is refused, or whose connection ends
// undecided, counts for its address alone, so that a stranger's do not use up those of good clients
// (S43).
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Seat } from '../src/connection/connection-limits.ts'
import { type Holder, NO_HOLDER, type Reached } from '../src/engine/shares.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'

/**
 * Whom a handshake was counted for; null before it was, and when it was refused or its seat gives
 * it back.
 */
const kAdmitted: unique symbol = Symbol('usher.admitted')

declare module 'fastify' {
  interface FastifyRequest {
    [kAdmitted]: Holder | null
  }
  interface FastifyInstance {
    /** Counts a handshake: 503 or 429 when there are too many, 503 while the process drains. */
    admitHandshake(request: FastifyRequest): void
  }
}

/** A seat for an admitted handshake: 503 when the server is full, 429 when its address is. */
export function takeSeat(request: FastifyRequest): Seat {
  const { connectionLimits, clock } = request.server.connections
  const { address, server } = request[kAdmitted] ?? NO_HOLDER
  return connectionLimits.take(address, clock.elapsed(), server)
}

/** Leaves the connection of a handshake undecided; 429 or 503 where there are too many. */
export function leaveUndecided(request: FastifyRequest, seat: Seat): void {
  seat.markPending()
  request[kAdmitted] = null
}

/** Counts a handshake, or returns what was reached; throws while the process drains. */
export function tryAdmit(request: FastifyRequest): Reached | null {
  const { connections, engine, newcomerOf } = request.server
  if (connections.draining) {
    throw new Refusal(REPLY.unavailable, 'This server is going down: try again.', 1)
  }
  const holder = newcomerOf(request)
  const reached = engine.shares.spend('handshakes', holder)
  if (reached === null) request[kAdmitted] = holder
  return reached
}

async function handshakeRate(app: FastifyInstance): Promise<void> {
  const { engine } = app
  app.decorateRequest(kAdmitted, null)
  app.decorate('admitHandshake', (request: FastifyRequest) => {
    const reached = tryAdmit(request)
    if (reached !== null) throw reached.refusal
  })
  app.addHook('onError', (request, _reply, _error, done) => {
    if (request[kAdmitted] !== null) engine.shares.restore('handshakes')
    request[kAdmitted] = null
    done()
  })
}

export default fp(handshakeRate, {
  name: 'usher-handshake-rate',
  fastify: '5.x',
  dependencies: ['usher-rooms', 'usher-holder'],
})
