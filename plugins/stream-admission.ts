// app.admitStream: an event stream that cannot be admitted now waits a little, since a browser's
// EventSource never comes back from a 429 or 503 [C175].
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { AdmissionLine } from '../src/connection/admission-line.ts'
import type { Seat } from '../src/connection/connection-limits.ts'
import { Reached } from '../src/engine/shares.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { takeSeat, tryAdmit } from './handshake-rate.ts'

/** The seat that an admitted stream has already. */
const kSeat: unique symbol = Symbol('usher.seat')

declare module 'fastify' {
  interface FastifyRequest {
    [kSeat]: Seat | null
  }
  interface FastifyInstance {
    /**
     * Counts an event stream as a handshake, and takes its seat. It waits for both a bounded time,
     * and is then refused as a handshake is.
     */
    admitStream(request: FastifyRequest, reply: FastifyReply): Promise<void>
    /**
     * A hook that counts a request for a stream of replies as a handshake, and refuses it at once:
     * its clients try again.
     */
    admitReplyStream: onRequestHookHandler
  }
}

const NO_TCP = 'inject has no TCP connection to stream events on: listen, and follow with fetch.'

/** Throws a 400 Refusal for what an application asks by `inject`. */
function needTcp({ raw: { socket } }: FastifyRequest): void {
  if (!(socket instanceof Socket)) throw new Refusal(REPLY.badRequest, NO_TCP)
}

/** The seat of an admitted stream, or one for a handshake; 503 or 429 where there is none. */
export function seatFor(request: FastifyRequest): Seat {
  const seat = request[kSeat]
  request[kSeat] = null
  return seat ?? takeSeat(request)
}

/** The seat comes first: where there is none, nothing of the rate is spent. */
function tryAdmitStream(request: FastifyRequest): Reached | null {
  const { connections, newcomerOf } = request.server
  const { connectionLimits, clock } = connections
  const { address, server } = newcomerOf(request)
  const seat = connectionLimits.tryTake(address, clock.elapsed(), server)
  if (seat instanceof Reached) return seat
  request[kSeat] = seat
  const reached = tryAdmit(request)
  if (reached !== null) giveSeatBack(request)
  return reached
}

function giveSeatBack(request: FastifyRequest): void {
  request[kSeat]?.release()
  request[kSeat] = null
}

async function streamAdmission(app: FastifyInstance): Promise<void> {
  const { connections, engine, newcomerOf } = app
  const line = new AdmissionLine(connections.clock, engine.shares)
  app.decorateRequest(kSeat, null)
  app.decorate('admitStream', async (request: FastifyRequest, reply: FastifyReply) => {
    const { socket } = request.raw
    needTcp(request)
    await line.admit({
      holder: newcomerOf(request),
      attempt: () => tryAdmitStream(request),
      // A timeout of the application may have answered already.
      isGone: () => socket.destroyed || reply.sent,
    })
  })
  app.decorate(
    'admitReplyStream',
    (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
      needTcp(request)
      app.admitHandshake(request)
      done()
    },
  )
  app.addHook('onError', (request, _reply, _error, done) => {
    giveSeatBack(request)
    done()
  })
}

export default fp(streamAdmission, {
  name: 'usher-stream-admission',
  fastify: '5.x',
  dependencies: ['usher-handshake-checks'],
})
