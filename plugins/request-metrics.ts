// Counts the requests of Usher's routes, and their refusals.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { kRefusal } from './errors.ts'

function count(request: FastifyRequest, reply: FastifyReply): void {
  const { [kRefusal]: refusal, method, routeOptions, server } = request
  const { metrics } = server
  if (refusal?.limit !== undefined) metrics.limitHit(refusal.limit)
  if (request.ws) return metrics.handshakeRefused(refusal?.reply.error ?? 'other')
  // A stream is counted as a connection: it may last for days.
  if (refusal === null && server.wantsStream?.(request)) return
  const route = routeOptions.url ?? 'none'
  const seconds = reply.elapsedTime / 1_000
  metrics.answered({ method, route, status: reply.statusCode, seconds })
}

async function requestMetrics(app: FastifyInstance): Promise<void> {
  app.addHook('onResponse', (request, reply, done) => {
    count(request, reply)
    done()
  })
}

export default fp(requestMetrics, {
  name: 'usher-request-metrics',
  fastify: '5.x',
  dependencies: ['usher-metrics', 'usher-errors'],
})
