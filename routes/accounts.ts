// POST /accounts: sign up.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { USERNAME_PATTERN } from '../src/protocol/names.ts'
import { failures, strict } from './schemas.ts'

const SignUp = Type.Object(
  {
    username: Type.String({ pattern: USERNAME_PATTERN }),
    password: Type.String({ minLength: PASSWORD_LENGTH.min, maxLength: PASSWORD_LENGTH.max }),
  },
  strict,
)

const schema = {
  body: SignUp,
  response: {
    201: Type.Object({ user: Type.String(), username: Type.String() }),
    ...failures,
  },
}

export const signUpRoutes: FastifyPluginAsyncTypebox = async (app) => {
  // Fastify takes it by itself: a form elsewhere could send JSON as text, without a preflight.
  app.removeContentTypeParser('text/plain')
  const { signup } = app.house.config
  const onRequest = app.checkLoginOrigin
  app.post('/accounts', { schema, onRequest }, async ({ body, network }, reply) => {
    if (signup === 'closed') {
      throw new Refusal(REPLY.forbidden, 'Sign-up is closed here: ask the operator for an account.')
    }
    const { user, username } = await app.accounts.signUp({ ...body, address: network })
    return reply.code(201).send({ user, username })
  })
}
