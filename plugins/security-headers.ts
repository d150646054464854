// Headers of every answer, and checks of every request before its credential is looked at: a Host,
// and https in production (S1, S4, S39).
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { addressList } from '../src/identity/address.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'

const headers = (production: boolean): FastifyHelmetOptions => ({
  strictTransportSecurity: production,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'blob:', 'data:'],
      connectSrc: ["'self'"],
      workerSrc: ["'self'"],
      manifestSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
})

async function securityHeaders(app: FastifyInstance): Promise<void> {
  const { config } = app.usherContext
  const fixed = await fixedHeaders(config.production)
  const transport = config.production ? transportCheck(app) : null
  // One hook without a promise: it runs for every request.
  app.addHook('onRequest', (request, reply, done) => {
    // The 101 of a handshake has none of these headers. The socket of a refused handshake is ended:
    // a client that is told to keep it would use it again.
    if (request.ws) reply.header('connection', 'close')
    else reply.headers(fixed)
    hostCheck(request)
    transport?.(request)
    done()
  })
}

/** Asks @fastify/helmet once, which would make the same headers again for every request. */
async function fixedHeaders(production: boolean): Promise<Record<string, string>> {
  const side = Fastify()
  await side.register(helmet, headers(production))
  side.get('/', (_, reply) => reply.send())
  const answer = await side.inject('/')
  await side.close()
  // These three belong to that one answer.
  const { 'content-length': length, date, connection, ...fixed } = answer.headers
  return fixed as Record<string, string>
}

/**
 * Refuses a request without Host, which Node would answer without a body (RFC 9112 section 3.2)
 * [C1].
 */
function hostCheck({ headers, raw }: FastifyRequest): void {
  if (headers.host !== undefined || raw.httpVersion === '1.0') return
  throw new Refusal(REPLY.badRequest, 'Name the host that you ask, in Host.')
}

/** In production no credential is taken over plain HTTP, unless from a trusted proxy. */
function transportCheck(app: FastifyInstance) {
  const isTrusted = addressList(app.usherContext.config.trustProxy)
  // Monitoring on the same machine or network may ask for health over plain HTTP.
  const watched = `${app.prefix}/health/`
  return (request: FastifyRequest): void => {
    if (app.schemeOf(request) === 'https' || request.url.startsWith(watched)) return
    const said = request.headers['x-forwarded-proto']
    if (said === undefined && isTrusted(request.socket.remoteAddress ?? '')) return
    throw new Refusal(
      REPLY.forbidden,
      'Use https. An operator behind a proxy names its address in USHER_TRUST_PROXY.',
    )
  }
}

export default fp(securityHeaders, {
  name: 'usher-security-headers',
  fastify: '5.x',
  dependencies: ['usher-context', 'usher-forwarded'],
})
