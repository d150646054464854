// Accounts, for operators: list and look them up, delete one, set a new password.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { USERNAME_PATTERN } from '../src/protocol/names.ts'
import {
  changing,
  Done,
  FOR_SERVERS,
  limitOf,
  Milliseconds,
  PageLimit,
  reading,
  strict,
  UserId,
} from './schemas.ts'

const Username = Type.String({ pattern: USERNAME_PATTERN, examples: ['carol'] })
const EXAMPLE = {
  ...{ user: 'u_5V1jVY0zcwLZjF8X', username: 'carol' },
  ...{ createdAt: 1_795_000_000_000, bannedAt: null },
}

const FIELDS = {
  user: UserId,
  username: Type.String(),
  createdAt: Milliseconds,
  bannedAt: Type.Union([Milliseconds, Type.Null()]),
}
const Account = Type.Object(FIELDS, { description: 'An account.', examples: [EXAMPLE] })

const Page = Type.Object(
  {
    users: Type.Array(Type.Object(FIELDS)),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'What `after` is for the next page; null on the last.',
    }),
  },
  { description: 'Some accounts.', examples: [{ users: [EXAMPLE], next: null }] },
)

const Query = Type.Object(
  {
    username: Type.Optional({ ...Username, description: 'Only the account of this name.' }),
    after: Type.Optional({ ...Username, description: 'Only accounts whose name comes later.' }),
    limit: Type.Optional(PageLimit),
  },
  strict,
)

const NewPassword = Type.Object(
  { password: Type.String({ minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max }) },
  { ...strict, examples: [{ password: 'battery staple' }] },
)

const forOperators = { tags: ['users'], security: FOR_SERVERS }
const byUser = { ...forOperators, params: Type.Object({ user: UserId }) }

const listing = {
  ...forOperators,
  summary: 'List accounts',
  description: 'In the order of their names, in lower case; or the one of a name.',
  querystring: Query,
  response: { 200: Page, ...reading(401, 429) },
}
const lookUp = {
  ...byUser,
  summary: 'Look an account up',
  response: { 200: Account, ...reading(401, 404) },
}
const removal = {
  ...byUser,
  summary: 'Delete an account',
  description: 'With its sessions, tickets and connections. Its name stays taken for 90 days.',
  response: { 204: Done, ...changing(401, 404) },
}
const reset = {
  ...byUser,
  summary: 'Set a new password',
  description: 'The user’s sessions, tickets and connections end.',
  body: NewPassword,
  response: { 204: Done, ...changing(401, 404, 429) },
}

export const userAccountRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const onRequest = app.authenticateServer('users')
  const { accounts } = app

  app.get('/users', { schema: listing, onRequest }, async (request) => {
    const { username = null, after = null, limit } = request.query
    const holder = app.holderOf(request)
    return accounts.list({ username, after, limit: limitOf(limit), holder })
  })

  app.get('/users/:user', { schema: lookUp, onRequest }, async (request) =>
    accounts.entryOf(request.params.user),
  )

  app.delete('/users/:user', { schema: removal, onRequest }, async (request, reply) => {
    await accounts.removeUser(request.params.user)
    return reply.code(204).send(null)
  })

  app.put('/users/:user/password', { schema: reset, onRequest }, async (request, reply) => {
    const { server } = app.identityOf(request)
    await accounts.resetPassword(request.params.user, request.body.password, server)
    return reply.code(204).send(null)
  })
}
