// The first hook of every request to Usher: it waits for its turn on its TCP connection, and counts
// for its address (S42, S45). It runs before anything is read, proved or looked up: of a server
// key, which may ask as much as it can, the digest alone is compared.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Refusal } from '../src/protocol/errors.ts'
import { awaitTurn, mayBegin } from './transports/pipelining.ts'

type Done = (refusal?: Refusal) => void

async function requests(app: FastifyInstance): Promise<void> {
  const { httpSockets, newcomerOf } = app
  const { shares } = app.engine

  const begin = (request: FastifyRequest, reply: FastifyReply, done: Done): void => {
    httpSockets.begin(request.raw.socket, reply.raw)
    done(shares.spend('requests', newcomerOf(request))?.refusal)
  }
  app.addHook('onRequest', (request, reply, done) => {
    if (mayBegin(request.raw.socket, reply.raw)) return begin(request, reply, done)
    awaitTurn(request.raw.socket, reply.raw, (refusal) => {
      if (refusal === undefined) begin(request, reply, done)
      else done(refusal)
    })
  })
}

export default fp(requests, {
  name: 'usher-requests',
  fastify: '5.x',
  dependencies: ['usher-errors', 'usher-holder', 'usher-unread-answers'],
})
