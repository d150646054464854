// app.metrics: the numbers of the service, for Prometheus.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Metrics } from './metrics/counters.ts'
import { registerReadings } from './metrics/readings.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
}

async function metrics(app: FastifyInstance): Promise<void> {
  const own = new Metrics()
  app.decorate('metrics', own)
  app.addHook('onReady', async () => {
    own.eventLoop.enable()
    registerReadings(own.registry, own.eventLoop, app)
  })
  app.addHook('onClose', async () => {
    own.eventLoop.disable()
  })
}

export default fp(metrics, {
  name: 'usher-metrics',
  fastify: '5.x',
  dependencies: ['usher-context'],
})
