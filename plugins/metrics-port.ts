// /metrics on a port of its own, without a key: on loopback unless told otherwise, for a network
// that only the operator reaches, and with few connections even there (S52).
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { listenAdvice } from '../src/config/listen-advice.ts'
import { ConfigError } from '../src/config/mistakes.ts'
import { notFound, refusalOf } from './answers/refusal-of.ts'
import { sendRefusal } from './errors.ts'
import { onClientError, onFrameworkError } from './unrouted.ts'

/** A scraper asks once in some seconds: what is slower, or more, is none. */
const BOUNDS = { requestTimeout: 10_000, connectionTimeout: 10_000, maxRequestsPerSocket: 1 }
const CONNECTIONS_MAX = 16

async function metricsPort(app: FastifyInstance): Promise<void> {
  const { metricsHost: host, metricsPort: port } = app.usherContext.config
  if (port === null) return
  const { registry } = app.metrics
  const side = Fastify({
    ...{ logger: false, ...BOUNDS },
    ...{ frameworkErrors: onFrameworkError, clientErrorHandler: onClientError },
  })
  side.server.maxConnections = CONNECTIONS_MAX
  side.setNotFoundHandler((_, reply) => sendRefusal(reply, notFound()))
  side.setErrorHandler((error, _, reply) => {
    app.log.error({ err: error }, 'the metrics cannot be read')
    return sendRefusal(reply, refusalOf(error))
  })
  side.get('/metrics', async (_, reply) => {
    reply.header('connection', 'close').type(registry.contentType)
    return await registry.metrics()
  })
  app.addHook('onReady', async () => {
    const url = await side.listen({ host, port }).catch(refuse)
    app.log.info({ url: `${url}/metrics` }, 'metrics')
  })
  app.addHook('onClose', () => side.close())
}

/** The settings that the operator can change are others than those of the server itself. */
function refuse(error: unknown): never {
  const advice = listenAdvice(error, { host: 'USHER_METRICS_HOST', port: 'USHER_METRICS_PORT' })
  throw advice === null ? error : new ConfigError([advice])
}

export default fp(metricsPort, {
  name: 'usher-metrics-port',
  fastify: '5.x',
  dependencies: ['usher-metrics'],
})
