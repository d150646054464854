// Query parameters that a route does not know are a 400 [C176]: one that is mistyped would change
// nothing and say nothing. It holds for the routes that are registered after this plugin.
import type { FastifyInstance, onRequestHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { notInUrl } from './tokens/credential.ts'

/** A name that may be repeated to the client: a credential is longer [C1]. */
const NAME = /^[\w.-]{1,32}$/

function unknown(name: string): Refusal {
  const what = NAME.test(name) ? `The query parameter ${name}` : 'A query parameter'
  return notInUrl(name) ?? new Refusal(REPLY.badRequest, `${what} is not known at this path.`)
}

function refuseUnknown(known: object): onRequestHookHandler {
  return ({ query }, _reply, done) => {
    for (const name in query as object) if (!Object.hasOwn(known, name)) return done(unknown(name))
    done()
  }
}

async function queryParameters(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route: RouteOptions) => {
    const schema = route.schema?.querystring as { properties?: object } | undefined
    const before = [route.onRequest ?? []].flat()
    // After the hooks that prove who asks: a stranger is told to log in first.
    route.onRequest = [...before, refuseUnknown(schema?.properties ?? {})]
  })
}

export default fp(queryParameters, { name: 'usher-query-parameters', fastify: '5.x' })
