// /account: change one's password, delete one's account.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { changing, Done, strict } from './schemas.ts'

const PasswordChange = Type.Object(
  {
    password: Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH.max }),
    newPassword: Type.String({ minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max }),
  },
  { ...strict, examples: [{ password: 'correct horse', newPassword: 'battery staple' }] },
)

const tags = ['accounts']
const passwordChange = {
  summary: 'Change one’s password',
  description: 'Every other session of the account ends, and so do its connections.',
  tags,
  body: PasswordChange,
  response: { 204: Done, ...changing(401, 429) },
}
const removal = {
  summary: 'Delete one’s account',
  description: 'With its sessions, tickets and connections.',
  tags,
  response: { 204: Done, ...changing(401) },
}

export const accountRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onRequest = app.authenticate

  /** The session that does it stays; whoever else knew the password is out. */
  const change = { schema: passwordChange, onRequest }
  app.put('/account/password', change, async (request, reply) => {
    const { user, session } = ownerOf(app.identityOf(request))
    await app.accounts.changePassword(user, { ...request.body, address: app.networkOf(request) })
    for (const ended of await app.sessions.endOthers(user, session)) {
      await app.engine.revocations.revoke({ session: ended })
    }
    return reply.code(204).send(null)
  })

  app.delete('/account', { schema: removal, onRequest }, async (request, reply) => {
    const identity = app.identityOf(request)
    const { user } = ownerOf(identity)
    if (!(await app.accounts.remove(user))) refuse()
    await app.engine.revocations.revoke({ user })
    if (identity.proof === 'cookie') reply.clearSessionCookie()
    return reply.code(204).send(null)
  })
}

function ownerOf({ user, session }: Identity): { user: string; session: string } {
  return user !== null && session !== null ? { user, session } : refuse()
}

function refuse(): never {
  throw new Refusal(REPLY.forbidden, 'You have no account here.')
}
