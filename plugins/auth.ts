// Who is asking: request.identity, app.identify and app.authenticate, also for an embedder's own
// routes. Cookies count only for pages of our origins.
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import type { AccessTokens } from '../src/identity/access-token.ts'
import { Accounts } from '../src/identity/accounts.ts'
import { addressKey } from '../src/identity/address.ts'
import { Authenticator, type Claim, type Credential } from '../src/identity/authenticator.ts'
import { type IsOurs, mayChange, mayRead } from '../src/identity/origin.ts'
import { RefreshTokens } from '../src/identity/refresh-tokens.ts'
import { RevokeAccess } from '../src/identity/revoke-access.ts'
import { deriveKeys } from '../src/identity/secret.ts'
import { ServerKeys } from '../src/identity/server-keys.ts'
import { Sessions } from '../src/identity/sessions.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { cookieName, credentialOfRequest, type LogIns } from './tokens/credential.ts'
import { accessTokens } from './tokens/own-tokens.ts'
import { thirdPartyTokens } from './tokens/third-party-tokens.ts'

/** Where a request keeps who is asking, whatever an application calls by the name `identity`. */
export const kIdentity: unique symbol = Symbol('usher.identity')

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking; set by `app.identify` and `app.authenticate`, null before. */
    readonly identity: Identity | null
    [kIdentity]: Identity | null
  }
  interface FastifyInstance {
    accounts: Accounts
    sessions: Sessions
    revokeAccess: RevokeAccess
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
    /** The address that limits count by: an IPv4 address, or an IPv6 network. */
    networkOf(request: FastifyRequest): string
    /** The name that the session cookie has for this request. */
    cookieNameFor(request: FastifyRequest): string
    logIns: LogIns
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
  const { config, clock, random } = app.usherContext
  const { engine, tickets } = app
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie)
  const tokens = await accessTokens(app, deriveKeys(config.secrets, 'access-token'))
  const sessions = new Sessions({ store: engine.sessions, clock, random })
  const revokeAccess = new RevokeAccess(engine, clock)
  const parts = {
    sessions,
    tickets,
    tokens,
    keys: new ServerKeys(config.serverKeys),
    thirdParty: thirdPartyTokens(config.thirdPartyIssuer, { clock, log: app.log }),
    userStatus: engine.userStatus,
  }
  const refreshTokens = new RefreshTokens({
    store: engine.refreshTokens,
    keys: deriveKeys(config.secrets, 'refresh-token'),
    ...{ clock, random, sessions, revokeAccess },
  })
  const { breached } = app.usherContext
  const { accounts: store, attempts, shares } = engine
  const stores = { store, attempts, shares, sessions, revokeAccess }
  app.decorate('accounts', new Accounts({ ...stores, clock, random, breached }))
  app.decorate('sessions', sessions)
  app.decorate('revokeAccess', revokeAccess)
  app.decorate('accessTokens', tokens)
  app.decorate('refreshTokens', refreshTokens)
  app.decorate('authenticator', new Authenticator(parts))
  app.decorateRequest(kIdentity, null)
  // The application that we live in may have the name itself.
  if (!app.hasRequestDecorator('identity')) app.decorateRequest('identity', { getter: identityIn })
  app.decorate('identityOf', identityOf)
  app.decorateReply('setSessionCookie', setSessionCookie)
  app.decorateReply('clearSessionCookie', clearSessionCookie)
  decorateChecks(app)
  decorateHooks(app)
}

function decorateChecks(app: FastifyInstance): void {
  const { config, identity } = app.usherContext
  app.decorate('cookieNameFor', (request: FastifyRequest) =>
    cookieName(mustBeSecure(request, config)),
  )
  // Not request.cookies: an application decides when its own plugin reads them.
  const cookie = (request: FastifyRequest) =>
    app.parseCookie(request.headers.cookie ?? '')[app.cookieNameFor(request)]
  app.decorate('logIns', { cookie, identity })
  app.decorate('networkOf', ({ ip }: FastifyRequest) => addressKey(ip))
  app.decorate('prove', async (request: FastifyRequest, credential: Credential) => {
    if (credential.kind === 'cookie') checkOrigin(request, config)
    const claim = await app.authenticator.prove(credential)
    if (claim.identity.proof === 'host') checkOrigin(request, config)
    return claim
  })
  app.decorate('checkLoginOrigin', async (request: FastifyRequest) =>
    checkPage(request, config, mayRead),
  )
}

/** For what a browser sends along without being asked (S2, S12). */
function checkOrigin(request: FastifyRequest, config: Config): void {
  const reads = SAFE_METHODS.has(request.method) && !request.ws
  // A browser adds this header for a page elsewhere only with the page's Origin beside it.
  const isShown = request.headers.authorization !== undefined
  checkPage(request, config, reads || isShown ? mayRead : mayChange)
}

function checkPage(request: FastifyRequest, config: Config, may: typeof mayRead): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const provenance = { origin, site: Array.isArray(site) ? site[0] : site }
  if (may(provenance, ownOrigins(request, config))) return
  throw new Refusal(
    REPLY.forbidden,
    'The cookie is not taken from this page: name its origin in USHER_ORIGINS, or send a token.',
  )
}

/** In production the cookie is only for TLS, whoever ends it. */
function mustBeSecure({ protocol }: FastifyRequest, { production }: Config): boolean {
  return production || protocol === 'https'
}

function decorateHooks(app: FastifyInstance): void {
  const identify = async (request: FastifyRequest): Promise<void> => {
    const credential = credentialOfRequest(request, app.logIns)
    request[kIdentity] = (await app.prove(request, credential)).identity
  }
  app.decorate('identify', identify)
  app.decorate('authenticate', async (request: FastifyRequest) => {
    await identify(request)
    if (identityOf(request).proof !== 'none') return
    throw new Refusal(REPLY.unauthorized, 'Log in, or send a token.')
  })
  app.decorate('authenticateServer', async (request: FastifyRequest) => {
    await app.authenticate(request)
    if (identityOf(request).server !== null) return
    throw new Refusal(REPLY.forbidden, 'This is for server keys alone.')
  })
}

/** In development, and without a public address, pages also come from this machine itself. */
function ownOrigins(request: FastifyRequest, config: Config): IsOurs {
  const { publicUrl, origins, production } = config
  const own = new Set(origins)
  if (publicUrl) own.add(publicUrl.origin)
  if (!publicUrl || !production) {
    const scheme = 'encrypted' in request.raw.socket ? 'https' : 'http'
    for (const host of LOOPBACK_HOSTS) own.add(`${scheme}://${host}:${request.socket.localPort}`)
  }
  return (origin) => own.has(origin)
}

function identityIn(this: FastifyRequest): Identity | null {
  return this[kIdentity]
}

function identityOf(request: FastifyRequest): Identity {
  const identity = request[kIdentity]
  if (identity) return identity
  throw new Error('no identity: put app.identify or app.authenticate before this handler')
}

/** S10: no page can read it, no other site sends it along, no other host gets it. */
const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } as const

function setSessionCookie(this: FastifyReply, secret: string, expiresAt: number): void {
  sendCookie(this, secret, new Date(expiresAt))
}

function clearSessionCookie(this: FastifyReply): void {
  sendCookie(this, '', new Date(0))
}

/** Not reply.setCookie: an application may have set what all its own cookies are like. */
function sendCookie(reply: FastifyReply, value: string, expires: Date): void {
  const { server, request } = reply
  const secure = mustBeSecure(request, server.usherContext.config)
  const name = server.cookieNameFor(request)
  reply.header('set-cookie', server.serializeCookie(name, value, { ...COOKIE, secure, expires }))
}

export default fp(auth, { name: 'usher-auth', fastify: '5.x', dependencies: ['usher-tickets'] })
