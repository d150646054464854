// /session: log in, who am I, log out.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { SessionRecord } from '../src/engine/identity-store.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { ACCESS_TOKEN_SECONDS, PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { changing, Done, Milliseconds, OPEN_TO_ALL, reading, strict, UserId } from './schemas.ts'

const LogIn = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 64 }),
    password: Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH.max }),
    client: Type.Optional(Type.Enum(['web', 'app'])),
  },
  {
    ...strict,
    examples: [
      { username: 'carol', password: 'correct horse' },
      { username: 'carol', password: 'correct horse', client: 'app' },
    ],
  },
)

const carol = { user: 'u_5V1jVY0zcwLZjF8X', username: 'carol' }
const webSession = { ...carol, expiresAt: 1_795_000_000_000 }
const WebSession = Type.Object({
  user: UserId,
  username: Type.String(),
  expiresAt: Milliseconds,
})
const appSession = {
  user: carol.user,
  accessToken: 'eyJhbGciOi….eyJzdWIiOi….9Q2iXo…',
  expiresIn: ACCESS_TOKEN_SECONDS,
  refreshToken: 'rt_s_2kLr7TaQm0VfXyB4.9pUqYc…',
}
const AppSession = Type.Object(
  {
    user: UserId,
    accessToken: Type.String(),
    expiresIn: Type.Integer({ description: 'Seconds.' }),
    refreshToken: Type.String(),
  },
  { description: 'The tokens of an app.', examples: [appSession] },
)
const LoggedIn = Type.Union([WebSession, AppSession], {
  description: 'A browser gets the session cookie beside it; an app gets tokens, and no cookie.',
  examples: [webSession, appSession],
})
const Refresh = Type.Object(
  { refreshToken: Type.String({ minLength: 1, maxLength: 256 }) },
  { ...strict, examples: [{ refreshToken: appSession.refreshToken }] },
)
const SessionState = Type.Object(
  {
    user: UserId,
    username: Type.String(),
    session: Type.String(),
    expiresAt: Milliseconds,
  },
  { description: 'The session.', examples: [{ ...webSession, session: 's_Zm9yIGV4YW1wbGU' }] },
)

const tags = ['sessions']
const logIn = {
  summary: 'Log in',
  description: 'A browser gets a cookie; with `client: "app"` there are tokens instead.',
  tags,
  security: OPEN_TO_ALL,
  body: LogIn,
  response: { 200: LoggedIn, ...changing(401, 429) },
}
const whoAmI = {
  summary: 'Who am I',
  tags,
  response: { 200: SessionState, ...reading(401) },
}
const refresh = {
  summary: 'New tokens for an app',
  description: 'A refresh token is good once; using an old one again ends the session.',
  tags,
  security: OPEN_TO_ALL,
  body: Refresh,
  response: { 200: AppSession, ...changing(401) },
}
const logOut = {
  summary: 'Log out',
  description: 'Ends the session, its connections and its tickets.',
  tags,
  response: { 204: Done, ...changing(401) },
}
const logOutEverywhere = {
  ...logOut,
  summary: 'Log out everywhere',
  description: 'Ends all sessions of the user, and whatever was issued before now.',
}

export const sessionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onLogIn = { schema: logIn, onRequest: app.checkLoginOrigin }
  app.post('/session', onLogIn, async (request, reply) => {
    const { client = 'web', ...attempt } = request.body
    if (client === 'web') app.sessionCookie.checkLogin(request)
    const address = app.networkOf(request)
    const { session, secret } = await app.accounts.logIn({ ...attempt, address }, client)
    const { id, user } = session
    app.auditRequest('logged-in', request, { user, session: id, client })
    reply.header('cache-control', 'no-store')
    if (client === 'app') {
      return tokensOf(app, session, await app.refreshTokens.issue(session.id))
    }
    // The browser forgets its former session now, so that session ends for every other client too
    // (S11).
    await app.revokeAccess.logOutCookies(app.sessionCookie.read(request))
    app.sessionCookie.set(reply, secret, session.expiresAt)
    return { user: session.user, username: session.username, expiresAt: session.expiresAt }
  })

  app.get('/session', { schema: whoAmI, onRequest: app.authenticate }, async (request) => {
    const session = sessionOf(app.identityOf(request).session)
    const { id, user, username, expiresAt } = await app.sessions.current(session)
    return { user, username, session: id, expiresAt }
  })

  const onLogOut = { schema: logOut, onRequest: app.authenticate }
  app.delete('/session', onLogOut, async (request, reply) => {
    const identity = app.identityOf(request)
    await app.revokeAccess.logOut(sessionOf(identity.session))
    if (identity.proof === 'cookie') await app.sessionCookie.end(request, reply)
    return reply.code(204).send(null)
  })
  refreshRoute(app)
  logOutEverywhereRoute(app)
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

function refreshRoute(app: App): void {
  app.post('/session/refresh', { schema: refresh }, async (request, reply) => {
    const refreshed = await app.refreshTokens.rotate(request.body.refreshToken)
    if (refreshed !== null && 'reused' in refreshed) {
      app.auditRequest('refresh-token-replayed', request, { session: refreshed.reused })
    }
    if (refreshed === null || 'reused' in refreshed) {
      throw new Refusal(REPLY.unauthorized, 'This refresh token is not valid now: log in again.')
    }
    reply.header('cache-control', 'no-store')
    return tokensOf(app, refreshed.session, refreshed.refreshToken)
  })
}

function logOutEverywhereRoute(app: App): void {
  /** Logs out everywhere: also voids tokens that a third-party issuer has issued before now. */
  app.delete(
    '/sessions',
    { schema: logOutEverywhere, onRequest: app.authenticate },
    async (request, reply) => {
      const { user, proof } = app.identityOf(request)
      if (user === null) throw new Refusal(REPLY.badRequest, 'A server key has no sessions.')
      await app.revokeAccess.logOutEverywhere(user)
      if (proof === 'cookie') await app.sessionCookie.end(request, reply)
      return reply.code(204).send(null)
    },
  )
}

function tokensOf(app: FastifyInstance, { user, id }: SessionRecord, refreshToken: string) {
  const accessToken = app.accessTokens.sign({ sub: user, sid: id })
  return { user, accessToken, expiresIn: ACCESS_TOKEN_SECONDS, refreshToken }
}

function sessionOf(session: string | null): string {
  if (session !== null) return session
  throw new Refusal(REPLY.badRequest, 'A server key has no session.')
}
