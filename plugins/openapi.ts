// OpenAPI from the routes' own schemas: JSON at /docs/json, and a page to read and try it.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const INFO = {
  title: 'Usher',
  description:
    'Realtime rooms: who you are is settled at the door, and nothing said in the room is lost. ' +
    'The WebSocket doors are described in docs/protocol.md.',
  version: '0.1.0',
}

/** Its own files and nothing from elsewhere; it sets styles on elements from its script. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'"

const securitySchemes = {
  session: { type: 'apiKey', in: 'cookie', name: 'usher' },
  bearer: { type: 'http', scheme: 'bearer' },
} as const

async function openapi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      components: { securitySchemes },
      security: [{ session: [] }, { bearer: [] }],
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: CSP })
}

export default fp(openapi, { name: 'usher-openapi', fastify: '5.x', dependencies: ['usher-guard'] })
