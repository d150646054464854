// /health/live: the process runs. /health/ready: it can serve, and what an acknowledgement means.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { failures, OPEN_TO_ALL } from './schemas.ts'

const Live = Type.Object(
  { status: Type.Literal('live') },
  { description: 'The process runs.', examples: [{ status: 'live' }] },
)

const state = {
  status: Type.Enum(['ready', 'degraded', 'draining']),
  engine: Type.String(),
  durability: Type.String({ description: 'What an acknowledgement survives.' }),
  reason: Type.Optional(Type.String()),
}
const about = { engine: 'sqlite', durability: 'disk' }
const Ready = Type.Object(state, {
  description: 'It serves.',
  examples: [{ status: 'ready', ...about }],
})
const NotReady = Type.Object(state, {
  description: 'It cannot serve now: send it no clients.',
  examples: [{ status: 'draining', ...about }],
})

const tags = ['health']
const live = {
  summary: 'Whether the process runs',
  tags,
  security: OPEN_TO_ALL,
  response: { 200: Live, ...failures(400, 500) },
}
const ready = {
  summary: 'Whether it can serve, and what an acknowledgement means',
  tags,
  security: OPEN_TO_ALL,
  response: { 200: Ready, 503: NotReady, ...failures(400, 500) },
}

export const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const quiet = { logLevel: 'warn' as const }
  app.get('/health/live', { ...quiet, schema: live }, async (_, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'live' as const }
  })

  app.get('/health/ready', { ...quiet, schema: ready }, async (_, reply) => {
    const { name, durability } = app.engine
    const health = app.engine.health()
    const about = { engine: name, durability }
    reply.header('cache-control', 'no-store')
    if (app.connections.leaving) return reply.code(503).send({ status: 'draining', ...about })
    if (health.ready) return { status: 'ready' as const, ...about }
    const { reason } = health
    return reply.code(503).send({ status: 'degraded', ...about, reason })
  })
}
