// POST /rooms/:room/messages: the body is the message, as it is.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { IdempotencyKey } from '../src/engine/message-log.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import type { Draft, Kind } from '../src/protocol/message.ts'
import { isJson, isText } from '../src/protocol/payload.ts'
import type { Rule } from '../src/room/rule.ts'
import { changing, Milliseconds, RoomParams, UserId } from './schemas.ts'

const KINDS: Readonly<Record<string, Kind>> = {
  'application/json': 'json',
  'text/plain': 'text',
  'application/octet-stream': 'binary',
}

const KEY = /^[!-~]{1,128}$/

const Query = Type.Object({
  user: Type.Optional({ ...UserId, description: 'With a server key: in whose name.' }),
})
type Query = Static<typeof Query>

const accepted = {
  room: Type.String(),
  epoch: Type.Optional(Type.String()),
  offset: Type.Optional(Type.Integer()),
  time: Milliseconds,
}
const examples = [{ room: 'chat:lobby', time: 1_795_000_000_000 }]
const Accepted = Type.Object(accepted, { description: 'It is accepted.', examples })
const Repeated = Type.Object(accepted, {
  description: 'It was accepted before, by the same key: the first answer again.',
  examples,
})

const schema = {
  summary: 'Publish a message',
  description: 'The body is the message, as it is; its type says which kind it is.',
  tags: ['messages'],
  params: RoomParams,
  querystring: Query,
  headers: Type.Object({
    'idempotency-key': Type.Optional(
      Type.String({
        description: '1 to 128 visible characters: the publish takes effect once.',
        examples: ['order-4711'],
      }),
    ),
  }),
  response: { 200: Repeated, 201: Accepted, ...changing(401, 409, 429) },
}

/** Bodies are taken as bytes: these are for people who read. */
const body = {
  content: {
    'application/json': { schema: { examples: [{ said: 'hello' }] } },
    'text/plain': { schema: { type: 'string', examples: ['hello'] } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary', examples: ['…'] } },
  },
}

export const messageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    Object.keys(KINDS),
    { parseAs: 'buffer', bodyLimit: app.usherContext.config.limits.messageBytes },
    (_request, body, done) => done(null, body),
  )

  const swaggerTransform = ({ url }: { url: string }) => ({ schema: { ...schema, body }, url })
  const config = { everyday: true, swaggerTransform }
  const options = { schema, onRequest: app.authenticate, config }
  app.post('/rooms/:room/messages', options, async (request, reply) => {
    const { room } = request.params
    const identity = app.identityOf(request)
    const rule = await app.permitted(room, identity, 'publish')
    const draft = draftOf(request, identity, rule)
    checkBudget(identity, draft.payload.length)
    const key = keyOf(request, identity)
    const { position, time, repeated } = await app.rooms.publish(room, rule, { draft, key })
    return reply.code(repeated ? 200 : 201).send({ room, ...position, time })
  })

  function draftOf(request: FastifyRequest, identity: Identity, rule: Rule): Draft {
    const { user } = request.query as Query
    if (user !== undefined && identity.server === null) {
      throw new Refusal(REPLY.forbidden, 'Only a server key may publish in the name of a user.')
    }
    const kind = kindOf(request, rule)
    const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    if (kind === 'json' && !isJson(payload)) {
      throw new Refusal(REPLY.badRequest, 'The body is not JSON.')
    }
    if (kind === 'text' && !isText(payload)) {
      throw new Refusal(REPLY.badRequest, 'The body is not UTF-8: send application/octet-stream.')
    }
    return { kind, payload, user: user ?? identity.user, origin: null }
  }

  function checkBudget({ server, user }: Identity, bytes: number): void {
    if (server !== null || user === null) return
    const elapsed = app.usherContext.clock.elapsed()
    const limit = app.connections.userRates.of(user, elapsed).take(bytes, elapsed)
    if (limit === null) return
    const sentence = 'Too many messages: wait a second and try again.'
    throw new Refusal(REPLY.tooManyRequests, sentence, 1, limit)
  }
}

/** Keys of one sender never meet another's, so a guessed key tells nothing. */
function keyOf(request: FastifyRequest, { user, server }: Identity): IdempotencyKey | null {
  const value = request.headers['idempotency-key']
  if (value === undefined) return null
  if (typeof value !== 'string' || !KEY.test(value)) {
    throw new Refusal(REPLY.badRequest, 'Idempotency-Key must be 1 to 128 visible characters.')
  }
  return { value, sender: server === null ? `user ${user}` : `server ${server}` }
}

function kindOf(request: FastifyRequest, rule: Rule): Kind {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const kind = KINDS[type]
  if (kind !== undefined && (rule.payload !== 'json' || kind === 'json')) return kind
  const taken = rule.payload === 'json' ? 'application/json' : Object.keys(KINDS).join(', ')
  throw new Refusal(REPLY.unsupportedMediaType, `Send the message as ${taken}.`)
}
