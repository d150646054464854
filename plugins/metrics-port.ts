// /metrics on a port of its own, without a key: for a network that only the operator reaches.
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

async function metricsPort(app: FastifyInstance): Promise<void> {
  const { host, metricsPort: port } = app.usherContext.config
  if (port === null) return
  const { registry } = app.metrics
  const side = Fastify({ logger: false })
  side.get('/metrics', async (_, reply) => {
    reply.type(registry.contentType)
    return await registry.metrics()
  })
  app.addHook('onReady', async () => {
    const url = await side.listen({ host, port })
    app.log.info({ url: `${url}/metrics` }, 'metrics')
  })
  app.addHook('onClose', () => side.close())
}

export default fp(metricsPort, {
  name: 'usher-metrics-port',
  fastify: '5.x',
  dependencies: ['usher-metrics'],
})
