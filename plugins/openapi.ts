// OpenAPI from the routes' own schemas: JSON at /docs/json, and a page to read and try it.
import swagger, { type SwaggerTransform } from '@fastify/swagger'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import apiPages from './api-pages.ts'
import { cookieName } from './tokens/credential.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set for routes that stand in Usher's description: as they are, or as this transform says. */
    described?: SwaggerTransform | boolean
  }
}

const INFO = {
  title: 'Usher',
  description:
    'Realtime rooms: who you are is settled at the door, and nothing said in the room is lost. ' +
    'WebSockets are described in docs/protocol.md.',
  version: '0.1.0',
}

const TAGS = [
  { name: 'accounts', description: 'Names and passwords of people.' },
  { name: 'sessions', description: 'Log in, stay, log out.' },
  { name: 'tickets', description: 'One-time rights to open a connection.' },
  { name: 'rooms', description: 'What a room is, and the way in.' },
  { name: 'messages', description: 'Publishing without a connection.' },
  { name: 'receipts', description: 'How far users have got in a room.' },
  { name: 'users', description: 'What a back end may do with users.' },
  { name: 'health', description: 'For monitoring.' },
]

function schemesFor(secure: boolean) {
  const cookie = 'The session of a browser; it counts only for pages of our origins.'
  const bearer = 'An access token, a server key, or the token of an outside issuer.'
  return {
    session: { type: 'apiKey', in: 'cookie', name: cookieName(secure), description: cookie },
    bearer: { type: 'http', scheme: 'bearer', description: bearer },
  } as const
}

export interface OpenapiOptions {
  /** Whether Usher's routes are described at all; true by default. */
  shown?: boolean
}

/**
 * Hides Usher's routes from a description of the application's own, which knows neither their
 * schemas nor Usher's log-ins. Both descriptions are collected from the same objects.
 */
function hide(route: RouteOptions): void {
  if (route.schema?.hide) return
  const { swaggerTransform, ...config } = route.config ?? {}
  route.schema = { ...route.schema, hide: true }
  route.config = { ...config, described: swaggerTransform ?? true }
}

const show: SwaggerTransform = (asked) => {
  const { described = false } = asked.route.config ?? {}
  const shown = typeof described === 'function' ? described(asked) : asked
  return { ...shown, schema: { ...shown.schema, hide: described === false } }
}

async function openapi(app: FastifyInstance, { shown = true }: OpenapiOptions): Promise<void> {
  app.addHook('onRoute', hide)
  if (!shown) return
  const { production, tls } = app.usherContext.config
  await app.register(swagger, {
    transform: show,
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      tags: TAGS,
      components: { securitySchemes: schemesFor(production || tls !== null) },
      security: [{ session: [] }, { bearer: [] }],
    },
  })
  await app.register(apiPages)
}

export default fp(openapi, {
  name: 'usher-openapi',
  fastify: '5.x',
  dependencies: ['usher-security-headers'],
})
