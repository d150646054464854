// GET /metrics, in the text format of Prometheus, for server keys.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { FOR_SERVERS, reading } from './schemas.ts'

/** Text, which is sent as it is; the schema is for the description alone. */
const Figures = {
  description: 'Text, one figure a line.',
  content: { 'text/plain': { schema: Type.String(), example: 'usher_connections 42' } },
}

const schema = {
  summary: 'What the service did and has, for Prometheus',
  description: 'With a server key; with `USHER_METRICS_PORT` also there, without one.',
  tags: ['health'],
  security: FOR_SERVERS,
  response: { 200: Figures, ...reading(401) },
}

export const metricsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const options = {
    schema,
    onRequest: app.authenticateServer('metrics'),
    logLevel: 'warn' as const,
  }
  app.get('/metrics', options, async (_, reply) => {
    const { registry } = app.metrics
    reply.header('cache-control', 'no-store').type(registry.contentType)
    return registry.metrics()
  })
}
