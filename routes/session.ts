// /session: log in, who am I, log out.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { SessionRecord } from '../src/engine/identity-store.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { ACCESS_TOKEN_SECONDS, PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { failures, strict } from './schemas.ts'

const LogIn = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 64 }),
    password: Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH.max }),
    client: Type.Optional(Type.Enum(['web', 'app'])),
  },
  strict,
)

const WebSession = Type.Object({
  user: Type.String(),
  username: Type.String(),
  expiresAt: Type.Integer(),
})
const AppSession = Type.Object({
  user: Type.String(),
  accessToken: Type.String(),
  expiresIn: Type.Integer(),
  refreshToken: Type.String(),
})
const Refresh = Type.Object({ refreshToken: Type.String({ minLength: 1, maxLength: 256 }) }, strict)
const SessionState = Type.Object({
  user: Type.String(),
  username: Type.String(),
  session: Type.String(),
  expiresAt: Type.Integer(),
})

const logIn = { body: LogIn, response: { 200: Type.Union([WebSession, AppSession]), ...failures } }
const whoAmI = { response: { 200: SessionState, ...failures } }
const refresh = { body: Refresh, response: { 200: AppSession, ...failures } }
const logOut = { response: { 204: Type.Null(), ...failures } }

export const sessionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  // Fastify takes it by itself: a form elsewhere could send JSON as text, without a preflight.
  app.removeContentTypeParser('text/plain')
  const onLogIn = { schema: logIn, onRequest: app.checkLoginOrigin }
  app.post('/session', onLogIn, async ({ body, network, cookies }, reply) => {
    const { client = 'web', ...attempt } = body
    const account = await app.accounts.logIn({ ...attempt, address: network })
    const { session, secret } = await app.sessions.start(account, client)
    reply.header('cache-control', 'no-store')
    if (client === 'app') {
      return appSession(app, session, await app.refreshTokens.issue(session.id))
    }
    await endFormerSession(app, cookies[app.cookieNameFor(reply.request)])
    reply.setSessionCookie(secret, session.expiresAt)
    return { user: session.user, username: session.username, expiresAt: session.expiresAt }
  })

  app.get('/session', { schema: whoAmI, onRequest: app.authenticate }, async (request) => {
    const session = await app.sessions.byId(sessionOf(app.identityOf(request).session))
    if (!session) throw new Refusal(REPLY.unauthorized, 'Your session has ended: log in again.')
    const { id, user, username, expiresAt } = session
    return { user, username, session: id, expiresAt }
  })

  const onLogOut = { schema: logOut, onRequest: app.authenticate }
  app.delete('/session', onLogOut, async (request, reply) => {
    const identity = app.identityOf(request)
    await endSession(app, sessionOf(identity.session))
    if (identity.proof === 'cookie') reply.clearSessionCookie()
    return reply.code(204).send(null)
  })
  refreshRoute(app)
  logOutEverywhereRoute(app)
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

function refreshRoute(app: App): void {
  app.post('/session/refresh', { schema: refresh }, async (request, reply) => {
    const refreshed = await app.refreshTokens.rotate(request.body.refreshToken)
    if (refreshed !== null && 'reused' in refreshed) await endSession(app, refreshed.reused)
    const session = refreshed !== null && 'session' in refreshed ? refreshed.session : null
    if (refreshed === null || 'reused' in refreshed || !app.sessions.alive(session)) {
      throw new Refusal(REPLY.unauthorized, 'This refresh token is not valid now: log in again.')
    }
    reply.header('cache-control', 'no-store')
    return appSession(app, refreshed.session, refreshed.refreshToken)
  })
}

function logOutEverywhereRoute(app: App): void {
  /** Log out everywhere: also what an outside issuer has issued before now. */
  app.delete(
    '/sessions',
    { schema: logOut, onRequest: app.authenticate },
    async (request, reply) => {
      const { user, proof } = app.identityOf(request)
      if (user === null) throw new Refusal(REPLY.badRequest, 'A server key has no sessions.')
      await app.engine.standings.revoke(user, app.house.clock.now())
      await app.engine.revocations.revoke({ user })
      if (proof === 'cookie') reply.clearSessionCookie()
      return reply.code(204).send(null)
    },
  )
}

function appSession(app: FastifyInstance, { user, id }: SessionRecord, refreshToken: string) {
  const accessToken = app.accessTokens.sign({ sub: user, sid: id })
  return { user, accessToken, expiresIn: ACCESS_TOKEN_SECONDS, refreshToken }
}

/** The browser forgets its former session now, so nobody else shall use it either (S11). */
async function endFormerSession(app: FastifyInstance, secret: string | undefined): Promise<void> {
  const former = secret === undefined ? null : await app.sessions.bySecret(secret)
  if (former) await endSession(app, former.id)
}

async function endSession(app: FastifyInstance, id: string): Promise<void> {
  await app.sessions.end(id)
  await app.engine.revocations.revoke({ session: id })
}

function sessionOf(session: string | null): string {
  if (session !== null) return session
  throw new Refusal(REPLY.badRequest, 'A server key has no session.')
}
