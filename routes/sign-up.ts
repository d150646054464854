// POST /accounts: sign up.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { USERNAME_PATTERN } from '../src/protocol/names.ts'
import { changing, OPEN_TO_ALL, strict, UserId } from './schemas.ts'

const SignUp = Type.Object(
  {
    username: Type.String({ pattern: USERNAME_PATTERN }),
    password: Type.String({ minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max }),
  },
  { ...strict, examples: [{ username: 'carol', password: 'correct horse' }] },
)

const Account = Type.Object(
  { user: UserId, username: Type.String() },
  {
    description: 'The account; `user` is its id for ever.',
    examples: [{ user: 'u_5V1jVY0zcwLZjF8X', username: 'carol' }],
  },
)

const schema = {
  summary: 'Sign up',
  description: 'Where sign-up is open. Names differ in more than letter case.',
  tags: ['accounts'],
  security: OPEN_TO_ALL,
  body: SignUp,
  response: { 201: Account, ...changing(409, 429) },
}

export const signUpRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { signup } = app.usherContext.config
  const onRequest = app.checkLoginOrigin
  app.post('/accounts', { schema, onRequest }, async (request, reply) => {
    const { body } = request
    if (signup === 'closed') {
      throw new Refusal(REPLY.forbidden, 'Sign-up is closed here: ask the operator for an account.')
    }
    const { user, username } = await app.accounts.signUp({
      ...body,
      address: app.networkOf(request),
    })
    return reply.code(201).send({ user, username })
  })
}
