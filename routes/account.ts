// /account: change one's password, delete one's account.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { failures, strict } from './schemas.ts'

const PasswordChange = Type.Object(
  {
    password: Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH.max }),
    newPassword: Type.String({ minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max }),
  },
  strict,
)

const done = { response: { 204: Type.Null(), ...failures } }

export const accountRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onRequest = app.authenticate

  /** The session that does it stays; whoever else knew the password is out. */
  const change = { schema: { body: PasswordChange, ...done }, onRequest }
  app.put('/account/password', change, async (request, reply) => {
    const { user, session } = ownerOf(app.identityOf(request))
    await app.accounts.changePassword(user, request.body)
    for (const ended of await app.sessions.endOthers(user, session)) {
      await app.engine.revocations.revoke({ session: ended })
    }
    return reply.code(204).send(null)
  })

  app.delete('/account', { schema: done, onRequest }, async (request, reply) => {
    const identity = app.identityOf(request)
    const { user } = ownerOf(identity)
    await app.accounts.remove(user)
    await app.engine.revocations.revoke({ user })
    if (identity.proof === 'cookie') reply.clearSessionCookie()
    return reply.code(204).send(null)
  })
}

function ownerOf({ user, session }: Identity): { user: string; session: string } {
  if (user !== null && session !== null) return { user, session }
  throw new Refusal(REPLY.forbidden, 'You have no account here.')
}
