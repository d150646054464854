// A body may come long after its head: what the head proved is proved again before the request has
// any effect, so that a ban, a log-out or a revocation meanwhile refuses it (S46).
import type { FastifyInstance, FastifyRequest, preHandlerHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { kProved } from './auth.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * A `preHandler` hook: where a hook of the request's head has set its identity, refuses with
     * 401 what is not the same now. Does nothing for other requests.
     */
    reauthenticate: preHandlerHookHandler
  }
}

/**
 * A proof of this age is not asked for again, unless this node was told of a revocation since: most
 * bodies come with their heads. Longer than that no other node takes a request that it was to
 * refuse.
 */
const FRESH_MS = 250

async function reauthentication(app: FastifyInstance): Promise<void> {
  const { clock } = app.usherContext

  function wasRevoked(request: FastifyRequest): boolean {
    const since = request[kProved]?.since ?? 0
    return app.connections.wasRevoked(app.identityOf(request), since)
  }

  async function proveAgain(request: FastifyRequest): Promise<void> {
    const { connections } = app
    const former = app.identityOf(request)
    let heard: number
    do {
      heard = connections.revocationsHeard
      await app.identify(request)
      if (!isSame(former, app.identityOf(request))) throw changed()
    } while (heard !== connections.revocationsHeard && wasRevoked(request))
  }

  const reauthenticate: preHandlerHookHandler = (request, _reply, done) => {
    const proved = request[kProved]
    if (!proved) return done()
    const isFresh = clock.elapsed() - proved.at < FRESH_MS && !wasRevoked(request)
    if (isFresh) return done()
    proveAgain(request).then(() => done(), done)
  }
  app.decorate('reauthenticate', reauthenticate)
  app.addHook('preHandler', reauthenticate)
}

function isSame(former: Identity, now: Identity): boolean {
  const { proof, user, server, session } = former
  const isSameUser = now.proof === proof && now.user === user && now.server === server
  return isSameUser && now.session === session
}

function changed(): Refusal {
  return new Refusal(REPLY.unauthorized, 'Your log-in ended while the body came: log in again.')
}

export default fp(reauthentication, {
  name: 'usher-reauthentication',
  fastify: '5.x',
  dependencies: ['usher-auth', 'usher-rooms'],
})
