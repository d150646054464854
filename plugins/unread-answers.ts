// app.httpSockets: bounds what clients leave unread of their answers, and how long their requests
// take to come in, once a second for all (S42, S46).
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { HttpSockets, ROUND_MS } from './transports/http-sockets.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The TCP connections on which a request of Usher's is under way. */
    httpSockets: HttpSockets
  }
}

async function unreadAnswers(app: FastifyInstance): Promise<void> {
  const { clock, config } = app.usherContext
  const { metrics } = app
  const sockets = new HttpSockets(config.limits, (limit) => metrics.limitHit(limit))
  app.decorate('httpSockets', sockets)
  const timer = clock.every(ROUND_MS, () => sockets.round(clock.elapsed()))
  app.addHook('onClose', async () => timer.cancel())
}

export default fp(unreadAnswers, {
  name: 'usher-unread-answers',
  fastify: '5.x',
  dependencies: ['usher-metrics'],
})
