// CORS: pages of the other origins that the settings name may read answers and send the cookie.
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { isShell } from '../src/identity/origin.ts'

const COMMON: FastifyCorsOptions = {
  // An OPTIONS request that is no preflight would otherwise be refused in plain text [C1].
  strictPreflight: false,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: [
    ...['authorization', 'content-type', 'idempotency-key'],
    ...['last-event-id', 'if-none-match'],
  ],
  exposedHeaders: ['retry-after', 'etag'],
  maxAge: 600,
}

const TO_OTHERS: FastifyCorsOptions = { ...COMMON, origin: false }

/**
 * What each of the listed origins may: an answer to any other carries no permission. A native shell
 * has no use for the cookie, and may send none (S2).
 */
function permissions(origins: readonly string[]): Map<string, FastifyCorsOptions> {
  return new Map(
    origins.map((origin) => [origin, { ...COMMON, origin, credentials: !isShell(origin) }]),
  )
}

async function crossOrigins(app: FastifyInstance): Promise<void> {
  const { origins } = app.usherContext.config
  // An application with @fastify/cors of its own answers for Usher's routes too.
  if (origins.length === 0 || app.hasPlugin('@fastify/cors')) return
  const listed = permissions(origins)
  await app.register(cors, {
    delegator: (request, done) => done(null, listed.get(request.headers.origin ?? '') ?? TO_OTHERS),
  })
}

export default fp(crossOrigins, {
  name: 'usher-cors',
  fastify: '5.x',
  dependencies: ['usher-context'],
})
