// CORS: pages of the other origins that the settings name may read answers and send the cookie.
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Exact origins from the settings: an answer to any other carries no permission. */
const crossOrigin = (origins: readonly string[]): FastifyCorsOptions => ({
  origin: (origin, done) =>
    done(null, origin !== undefined && origins.includes(origin) ? origin : false),
  credentials: true,
  // An OPTIONS request that is no preflight would otherwise be refused in plain text [C1].
  strictPreflight: false,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: [
    ...['authorization', 'content-type', 'idempotency-key'],
    ...['last-event-id', 'if-none-match'],
  ],
  exposedHeaders: ['retry-after', 'etag'],
  maxAge: 600,
})

async function crossOrigins(app: FastifyInstance): Promise<void> {
  const { origins } = app.usherContext.config
  // An application with @fastify/cors of its own answers for Usher's routes too.
  if (origins.length === 0 || app.hasPlugin('@fastify/cors')) return
  await app.register(cors, crossOrigin(origins))
}

export default fp(crossOrigins, {
  name: 'usher-cors',
  fastify: '5.x',
  dependencies: ['usher-context'],
})
