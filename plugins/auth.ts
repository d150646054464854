// Who is asking: request.identity, app.identify and app.authenticate, also for an embedder's own
// routes. Cookies count only for pages of our origins.
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessTokens } from '../src/identity/access-token.ts'
import { Accounts } from '../src/identity/accounts.ts'
import { Authenticator, type Claim, type Credential } from '../src/identity/authenticator.ts'
import { type IsOurs, mayChange, mayRead } from '../src/identity/origin.ts'
import { RefreshTokens } from '../src/identity/refresh-tokens.ts'
import { deriveKeys } from '../src/identity/secret.ts'
import { ServerKeys } from '../src/identity/server-keys.ts'
import { Sessions } from '../src/identity/sessions.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { accessTokens } from './access-tokens.ts'
import { cookieName, credentialOfRequest } from './credential.ts'
import { outsideTokens } from './outside-tokens.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking; set by `app.identify` and `app.authenticate`, null before. */
    identity: Identity | null
  }
  interface FastifyInstance {
    accounts: Accounts
    sessions: Sessions
    accessTokens: AccessTokens
    refreshTokens: RefreshTokens
    authenticator: Authenticator
    /** A hook that sets request.identity, also to the anonymous one. 401 for a wrong credential. */
    identify(request: FastifyRequest): Promise<void>
    /** A hook that sets request.identity and refuses the anonymous with 401. */
    authenticate(request: FastifyRequest): Promise<void>
    /** A hook that refuses everybody but server keys, with 403. */
    authenticateServer(request: FastifyRequest): Promise<void>
    /** Proves a credential of this request; 403 where its page may not use the cookie. */
    prove(request: FastifyRequest, credential: Credential): Promise<Claim>
    /** A hook for log-in, which has no cookie yet: a page elsewhere may not do it (S12). */
    checkLoginOrigin(request: FastifyRequest): Promise<void>
    /** The name that the session cookie has for this request. */
    cookieNameFor(request: FastifyRequest): string
    /** The identity that one of the hooks above has set. */
    identityOf(request: FastifyRequest): Identity
  }
  interface FastifyReply {
    /** Gives this request's browser its session. */
    setSessionCookie(secret: string, expiresAt: number): void
    clearSessionCookie(): void
  }
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

async function auth(app: FastifyInstance): Promise<void> {
  const { config, clock, chance } = app.house
  const { engine, tickets } = app
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie)
  const tokens = await accessTokens(app, deriveKeys(config.secrets, 'access-token'))
  const sessions = new Sessions({ store: engine.sessions, clock, chance })
  const parts = {
    sessions,
    tickets,
    tokens,
    keys: new ServerKeys(config.serverKeys),
    outside: outsideTokens(config.outsideIssuer, clock),
    standings: engine.standings,
  }
  const refreshTokens = new RefreshTokens({ store: engine.refreshTokens, clock, chance })
  app.decorate('accounts', new Accounts({ store: engine.accounts, clock, chance }))
  app.decorate('sessions', sessions)
  app.decorate('accessTokens', tokens)
  app.decorate('refreshTokens', refreshTokens)
  app.decorate('authenticator', new Authenticator(parts))
  app.decorateRequest('identity', null)
  app.decorate('identityOf', identityOf)
  app.decorateReply('setSessionCookie', setSessionCookie)
  app.decorateReply('clearSessionCookie', clearSessionCookie)
  decorateChecks(app)
  decorateHooks(app)
}

function decorateChecks(app: FastifyInstance): void {
  app.decorate('cookieNameFor', (request: FastifyRequest) => cookieName(mustBeSecure(request)))
  app.decorate('prove', async (request: FastifyRequest, credential: Credential) => {
    if (credential.kind === 'cookie') checkOrigin(request)
    const claim = await app.authenticator.prove(credential)
    if (claim.identity.proof === 'host') checkOrigin(request)
    return claim
  })
  app.decorate('checkLoginOrigin', async (request: FastifyRequest) => checkPage(request, mayRead))
}

/** For what a browser sends along without being asked (S2, S12). */
function checkOrigin(request: FastifyRequest): void {
  const reads = SAFE_METHODS.has(request.method) && !request.ws
  checkPage(request, reads ? mayRead : mayChange)
}

function checkPage(request: FastifyRequest, may: typeof mayRead): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const provenance = { origin, site: Array.isArray(site) ? site[0] : site }
  if (may(provenance, ownOrigins(request))) return
  throw new Refusal(
    REPLY.forbidden,
    'The cookie is not taken from this page: name its origin in USHER_ORIGINS, or send a token.',
  )
}

/** In production the cookie is only for TLS, whoever ends it. */
function mustBeSecure(request: FastifyRequest): boolean {
  return request.server.house.config.production || request.protocol === 'https'
}

function decorateHooks(app: FastifyInstance): void {
  const identify = async (request: FastifyRequest): Promise<void> => {
    const credential = credentialOfRequest(request, app.cookieNameFor(request))
    request.identity = (await app.prove(request, credential)).identity
  }
  app.decorate('identify', identify)
  app.decorate('authenticate', async (request: FastifyRequest) => {
    await identify(request)
    if (request.identity?.proof !== 'none') return
    throw new Refusal(REPLY.unauthorized, 'Log in, or send a token.')
  })
  app.decorate('authenticateServer', async (request: FastifyRequest) => {
    await app.authenticate(request)
    if (identityOf(request).server !== null) return
    throw new Refusal(REPLY.forbidden, 'This is for server keys alone.')
  })
}

/** In development, and without a public address, pages also come from this machine itself. */
function ownOrigins(request: FastifyRequest): IsOurs {
  const { publicUrl, origins, production } = request.server.house.config
  const own = new Set(origins)
  if (publicUrl) own.add(publicUrl.origin)
  if (!publicUrl || !production) {
    for (const host of LOOPBACK_HOSTS) own.add(`http://${host}:${request.socket.localPort}`)
  }
  return (origin) => own.has(origin)
}

function identityOf(request: FastifyRequest): Identity {
  if (request.identity) return request.identity
  throw new Error('no identity: put app.identify or app.authenticate before this handler')
}

/** S10: no page can read it, no other site sends it along, no other host gets it. */
const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } as const

function setSessionCookie(this: FastifyReply, secret: string, expiresAt: number): void {
  const { server, request } = this
  this.setCookie(server.cookieNameFor(request), secret, {
    ...COOKIE,
    secure: mustBeSecure(request),
    expires: new Date(expiresAt),
  })
}

function clearSessionCookie(this: FastifyReply): void {
  const { server, request } = this
  this.clearCookie(server.cookieNameFor(request), { ...COOKIE, secure: mustBeSecure(request) })
}

export default fp(auth, { name: 'usher-auth', fastify: '5.x', dependencies: ['usher-tickets'] })
