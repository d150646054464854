// The hooks that prove the credential of a request and set its identity.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Claim, Credential } from '../src/identity/authenticator.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { needScope, type Scope } from '../src/protocol/scope.ts'
import { credentialOfRequest } from './tokens/credential.ts'
import { checkCookiePage, checkLoginPage } from './tokens/page-origin.ts'

/** The key of a request's identity: a host application may use the name `identity` itself. */
export const kIdentity: unique symbol = Symbol('usher.identity')
export const kProved: unique symbol = Symbol('usher.proved')

/** When proving an identity began and when it ended: readings of the clock's `elapsed()`. */
export interface Proved {
  readonly since: number
  readonly at: number
}

declare module 'fastify' {
  interface FastifyRequest {
    [kIdentity]: Identity | null
    /** Null until one of the hooks below has set the identity. */
    [kProved]: Proved | null
  }
  interface FastifyInstance {
    /** A hook that sets request.identity, also to the anonymous one. 401 for a wrong credential. */
    identify(request: FastifyRequest): Promise<void>
    /** A hook that sets request.identity and refuses the anonymous with 401. */
    authenticate(request: FastifyRequest): Promise<void>
    /** A hook that lets server keys of this scope pass and refuses all others: 401 or 403. */
    authenticateServer(scope: Scope): (request: FastifyRequest) => Promise<void>
    /** A hook for log-in, which has no cookie yet: a page elsewhere may not do it (S12). */
    checkLoginOrigin(request: FastifyRequest): Promise<void>
    /** Proves a credential of this request; 403 where its page may not use the cookie. */
    prove(request: FastifyRequest, credential: Credential): Promise<Claim>
    /** The identity that one of the hooks above has set. */
    identityOf(request: FastifyRequest): Identity
  }
}

const FOR_SERVER_KEYS = 'This is for server keys alone.'

async function auth(app: FastifyInstance): Promise<void> {
  const { config } = app.usherContext
  app.decorateRequest(kIdentity, null)
  app.decorateRequest(kProved, null)
  // An application may have a decorator of this name itself.
  if (!app.hasRequestDecorator('identity')) app.decorateRequest('identity', { getter: identityIn })
  app.decorate('identityOf', identityOf)
  app.decorate('prove', async (request: FastifyRequest, credential: Credential) => {
    if (credential.kind === 'cookie') checkCookiePage(request, config)
    const claim = await app.authenticator.prove(credential)
    if (claim.identity.proof === 'host') checkCookiePage(request, config)
    return claim
  })
  decorateHooks(app)
}

function decorateHooks(app: FastifyInstance): void {
  const { config, clock } = app.usherContext
  const identify = async (request: FastifyRequest): Promise<void> => {
    const since = clock.elapsed()
    const credential = credentialOfRequest(request, app.logIns)
    request[kIdentity] = (await app.prove(request, credential)).identity
    request[kProved] = { since, at: clock.elapsed() }
  }
  app.decorate('identify', identify)
  app.decorate('authenticate', async (request: FastifyRequest) => {
    await identify(request)
    if (identityOf(request).proof !== 'none') return
    throw new Refusal(REPLY.unauthorized, 'Log in, or send a token.')
  })
  app.decorate('authenticateServer', (scope: Scope) => async (request: FastifyRequest) => {
    await app.authenticate(request)
    const identity = identityOf(request)
    if (identity.server === null) throw new Refusal(REPLY.forbidden, FOR_SERVER_KEYS)
    needScope(identity, scope)
  })
  app.decorate('checkLoginOrigin', async (request: FastifyRequest) =>
    checkLoginPage(request, config),
  )
}

function identityIn(this: FastifyRequest): Identity | null {
  return this[kIdentity]
}

function identityOf(request: FastifyRequest): Identity {
  const identity = request[kIdentity]
  if (identity) return identity
  throw new Error('no identity: put app.identify or app.authenticate before this handler')
}

export default fp(auth, {
  name: 'usher-auth',
  fastify: '5.x',
  dependencies: ['usher-identity', 'usher-session-cookie'],
})
