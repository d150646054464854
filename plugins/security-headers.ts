// What is settled before anybody is asked who they are: headers, transport, and the form of a
// WebSocket handshake. Refusals are plain HTTP (S1, S4, S39).
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify'
import fp from 'fastify-plugin'
import { NO_HOLDER } from '../src/engine/shares.ts'
import { addressList } from '../src/identity/address.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { announcesBody, asksForWebSocket } from './upgrade-requests.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts somebody who wants a connection: 503 when too many come, or when going down. */
    admitHandshake(): void
  }
  interface FastifyContextConfig {
    /** Set for routes that take WebSocket upgrades. */
    takesUpgrade?: boolean
  }
}

const KEY = /^[A-Za-z0-9+/]{22}==$/
/** RFC 9110 tokens between commas; ws would answer 400 too late, with the ticket burnt. */
const PROTOCOLS = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/
const VERSION = '13'

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
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
})

/** Exact origins from the settings, and nobody else: an answer to others carries no permission. */
const crossOrigin = (origins: readonly string[]): FastifyCorsOptions => ({
  origin: (origin, done) =>
    done(null, origin !== undefined && origins.includes(origin) ? origin : false),
  credentials: true,
  // An OPTIONS that asks for nothing would otherwise be told off in plain text [C1].
  strictPreflight: false,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: [
    ...['authorization', 'content-type', 'idempotency-key'],
    ...['last-event-id', 'if-none-match'],
  ],
  exposedHeaders: ['retry-after', 'etag'],
  maxAge: 600,
})

async function guard(app: FastifyInstance): Promise<void> {
  const { config } = app.usherContext
  const fixed = await fixedHeaders(config.production)
  // An application with its own CORS answers for our doors too: it would be registered twice.
  if (config.origins.length > 0 && !app.hasPlugin('@fastify/cors')) {
    await app.register(cors, crossOrigin(config.origins))
  }
  app.addHook('onRoute', markUpgrades)
  app.decorate('admitHandshake', admission(app))
  const transport = config.production ? transportCheck(app) : null
  // One hook, and no promise for each of its steps: this is on the way of every request.
  app.addHook('onRequest', (request, reply, done) => {
    // A handshake is answered by a 101, which has none of these. The socket of a refused one is
    // ended: who were told to keep it would use it again.
    if (request.ws) reply.header('connection', 'close')
    else reply.headers(fixed)
    hostCheck(request)
    bodyCheck(request, reply)
    transport?.(request)
    handshakeCheck(request)
    done()
  })
}

/**
 * What @fastify/helmet answers with is the same for everybody, and put together anew for each of
 * them: so it is asked once.
 */
async function fixedHeaders(production: boolean): Promise<Record<string, string>> {
  const side = Fastify()
  await side.register(helmet, headers(production))
  side.get('/', (_, reply) => reply.send())
  const answer = await side.inject('/')
  await side.close()
  const entries = Object.entries(answer.headers).filter(([name]) => !TRANSPORT.has(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

/** Of the answer itself, not of what it says to browsers. */
const TRANSPORT = new Set(['content-length', 'date', 'connection'])

/** Runs after @fastify/websocket's own hook, which leaves `wsHandler` in place. */
function markUpgrades(route: RouteOptions): void {
  if (route.wsHandler || route.websocket) route.config = { ...route.config, takesUpgrade: true }
}

/** Ours to answer, since Node would do it without a body (RFC 9112 section 3.2) [C1]. */
function hostCheck({ headers, raw }: FastifyRequest): void {
  if (headers.host !== undefined || raw.httpVersion === '1.0') return
  throw new Refusal(REPLY.badRequest, 'Name the host that you ask, in Host.')
}

/** A handshake with a body is no upgrade to us [C41] (S41), and its socket is not used again. */
function bodyCheck({ headers }: FastifyRequest, reply: FastifyReply): void {
  if (!asksForWebSocket(headers) || !announcesBody(headers)) return
  reply.header('connection', 'close')
  throw new Refusal(REPLY.badRequest, 'A WebSocket handshake carries no body: leave it out.')
}

/** In production nobody shows a credential over plain HTTP, unless a proxy of ours stands there. */
function transportCheck(app: FastifyInstance) {
  const isTrusted = addressList(app.usherContext.config.trustProxy)
  // Asked by whoever watches this process, and not from outside.
  const watched = `${app.prefix}/health/`
  return (request: FastifyRequest): void => {
    if (request.protocol === 'https' || request.url.startsWith(watched)) return
    const said = request.headers['x-forwarded-proto']
    if (said === undefined && isTrusted(request.socket.remoteAddress ?? '')) return
    throw new Refusal(
      REPLY.forbidden,
      'Use https. An operator behind a proxy names its address in USHER_TRUST_PROXY.',
    )
  }
}

function handshakeCheck(request: FastifyRequest): void {
  if (!request.ws) return
  checkForm(request)
  if (!request.is404) request.server.admitHandshake()
}

function admission({ connections, engine }: FastifyInstance): () => void {
  return () => {
    if (connections.draining) {
      throw new Refusal(REPLY.unavailable, 'This server is going down: try again.', 1)
    }
    const reached = engine.shares.spend('handshakes', NO_HOLDER)
    if (reached !== null) throw reached.refusal
  }
}

function checkForm({ method, headers, routeOptions, is404, raw }: FastifyRequest): void {
  if (method !== 'GET') throw new Refusal(REPLY.methodNotAllowed, 'Upgrade with GET.')
  if (is404) return
  if (routeOptions.config.takesUpgrade !== true) {
    throw new Refusal(REPLY.badRequest, 'This path takes no WebSockets.')
  }
  if (raw.httpVersion === '1.0') throw new Refusal(REPLY.badRequest, 'Upgrade by HTTP/1.1.')
  if (headers['sec-websocket-version'] !== VERSION) {
    throw new Refusal(REPLY.badRequest, `Sec-WebSocket-Version must be ${VERSION}.`)
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    throw new Refusal(REPLY.badRequest, 'Sec-WebSocket-Key must be 16 bytes in base64.')
  }
  const protocols = headers['sec-websocket-protocol']
  if (protocols !== undefined && (!PROTOCOLS.test(protocols) || hasTwice(protocols))) {
    throw new Refusal(REPLY.badRequest, 'Sec-WebSocket-Protocol must be a list of tokens.')
  }
}

function hasTwice(list: string): boolean {
  const names = list.split(',').map((name) => name.trim())
  return new Set(names).size < names.length
}

export default fp(guard, {
  name: 'usher-guard',
  fastify: '5.x',
  dependencies: ['usher-websocket'],
})
