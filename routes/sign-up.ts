// POST /accounts: sign up.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { PASSWORD_LENGTH } from '../src/protocol/limits.ts'
import { USERNAME_PATTERN } from '../src/protocol/names.ts'
import { needScope } from '../src/protocol/scope.ts'
import { changing, strict, UserId } from './schemas.ts'

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
  description:
    'Where sign-up is open, or with a server key of scope `users`. Names differ in more than ' +
    'letter case.',
  tags: ['accounts'],
  security: [{}, { bearer: [] }],
  body: SignUp,
  response: { 201: Account, ...changing(401, 409, 429, 507) },
}

export const signUpRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { signup } = app.usherContext.config
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    await app.checkLoginOrigin(request)
    if (isOfferedKey(request)) await app.identify(request)
    if (signup === 'open' || serverOf(request) !== null) return
    throw new Refusal(REPLY.forbidden, 'Sign-up is closed here: ask the operator for an account.')
  }
  app.post('/accounts', { schema, onRequest }, async (request, reply) => {
    const { user, username } = await app.accounts.signUp({
      ...request.body,
      ...{ address: app.networkOf(request), server: serverOf(request) },
    })
    return reply.code(201).send({ user, username })
  })

  /** A key without the scope is refused where sign-up is open too: no credential is skipped. */
  function serverOf(request: FastifyRequest): string | null {
    if (!isOfferedKey(request)) return null
    const identity = app.identityOf(request)
    needScope(identity, 'users')
    return identity.server
  }
}

/** A cookie is not looked at here: the person who signs up may be logged in as another. */
function isOfferedKey({ headers }: FastifyRequest): boolean {
  return headers.authorization !== undefined
}
