// /session: log in, who am I, log out.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { ACCESS_TOKEN_SECONDS, PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { ErrorBody, strict } from './schemas.ts'

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
})
const SessionState = Type.Object({
  user: Type.String(),
  username: Type.String(),
  session: Type.String(),
  expiresAt: Type.Integer(),
})

const failures = { '4xx': ErrorBody, 503: ErrorBody }
const logIn = { body: LogIn, response: { 200: Type.Union([WebSession, AppSession]), ...failures } }
const whoAmI = { response: { 200: SessionState, ...failures } }
const logOut = { response: { 204: Type.Null(), ...failures } }

export const sessionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onLogIn = { schema: logIn, onRequest: app.checkLoginOrigin }
  app.post('/session', onLogIn, async ({ body, network, cookies }, reply) => {
    const { client = 'web', ...attempt } = body
    const account = await app.accounts.logIn({ ...attempt, address: network })
    const { session, secret } = await app.sessions.start(account, client)
    reply.header('cache-control', 'no-store')
    if (client === 'app') {
      const accessToken = app.accessTokens.sign({ sub: session.user, sid: session.id })
      return { user: session.user, accessToken, expiresIn: ACCESS_TOKEN_SECONDS }
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
