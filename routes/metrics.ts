// GET /metrics, in the text format of Prometheus, for server keys.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { FOR_SERVERS, reading } from './schemas.ts'

const Figures = Type.String({
  description: 'Text, one figure a line.',
  examples: ['usher_connections 42'],
})

const schema = {
  summary: 'What the service did and has, for Prometheus',
  description: 'With a server key; with `USHER_METRICS_PORT` also there, without one.',
  tags: ['health'],
  security: FOR_SERVERS,
  produces: ['text/plain'],
  response: { 200: Figures, ...reading(401) },
}

export const metricsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const options = { schema, onRequest: app.authenticateServer, logLevel: 'warn' as const }
  app.get('/metrics', options, async (_, reply) => {
    const { registry } = app.metrics
    reply.header('cache-control', 'no-store').type(registry.contentType)
    return registry.metrics()
  })
}
