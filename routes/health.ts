// /health/live: the process runs. /health/ready: it can serve, and what an acknowledgement means.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

const Live = Type.Object({ status: Type.Literal('live') })
const Ready = Type.Object({
  status: Type.Enum(['ready', 'degraded', 'draining']),
  engine: Type.String(),
  durability: Type.String(),
  reason: Type.Optional(Type.String()),
})

export const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const quiet = { logLevel: 'warn' as const }
  app.get('/health/live', { ...quiet, schema: { response: { 200: Live } } }, async (_, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'live' as const }
  })

  const schema = { response: { 200: Ready, 503: Ready } }
  app.get('/health/ready', { ...quiet, schema }, async (_, reply) => {
    const { name, durability } = app.engine
    const health = app.engine.health()
    const about = { engine: name, durability }
    reply.header('cache-control', 'no-store')
    if (app.connections.draining) return reply.code(503).send({ status: 'draining', ...about })
    if (health.ready) return { status: 'ready' as const, ...about }
    const { reason } = health
    return reply.code(503).send({ status: 'degraded', ...about, reason })
  })
}
