// /account: change one's password, delete one's account.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
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
  description: 'With its sessions, tickets and connections. Its name stays taken for 90 days.',
  tags,
  response: { 204: Done, ...changing(401) },
}

export const accountRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onRequest = app.authenticate

  const change = { schema: passwordChange, onRequest }
  app.put('/account/password', change, async (request, reply) => {
    const change = { ...request.body, address: app.networkOf(request) }
    await app.accounts.changePassword(app.identityOf(request), change)
    return reply.code(204).send(null)
  })

  app.delete('/account', { schema: removal, onRequest }, async (request, reply) => {
    const identity = app.identityOf(request)
    await app.accounts.remove(identity)
    if (identity.proof === 'cookie') await app.sessionCookie.end(request, reply)
    return reply.code(204).send(null)
  })
}
