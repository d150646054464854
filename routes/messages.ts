// POST /rooms/:room/messages: the body is the message, as it is.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Identity } from '../src/protocol/identity.ts'
import type { Draft, Kind } from '../src/protocol/message.ts'
import { IDEMPOTENCY_KEY_PATTERN } from '../src/protocol/names.ts'
import type { Rate, Sender } from '../src/room/publish.ts'
import { changing, Milliseconds, RoomParams, SenderName, UserId } from './schemas.ts'

const KINDS: Readonly<Record<string, Kind>> = {
  'application/json': 'json',
  'text/plain': 'text',
  'application/octet-stream': 'binary',
}

const Query = Type.Object({
  user: Type.Optional({ ...UserId, description: 'With a server key: in whose name.' }),
  name: Type.Optional(SenderName),
})

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
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String()) }),
  response: { 200: Repeated, 201: Accepted, ...changing(401, 409, 429, 507) },
}

/**
 * For the description alone: bodies are read as bytes, and the publisher checks the key, with a
 * sentence that names it however it came.
 */
const described = {
  ...schema,
  headers: Type.Object({
    'idempotency-key': Type.Optional(
      Type.String({
        description: '1 to 128 visible characters: the publish takes effect once.',
        pattern: IDEMPOTENCY_KEY_PATTERN,
        examples: ['order-4711'],
      }),
    ),
  }),
  body: {
    content: {
      'application/json': { schema: { examples: [{ said: 'hello' }] } },
      'text/plain': { schema: { type: 'string', examples: ['hello'] } },
      'application/octet-stream': { schema: { type: 'string', format: 'binary', examples: ['…'] } },
    },
  },
}

export const messageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers()
  const { messageBytes } = app.usherContext.config.limits
  const parser = app.bodyParser(messageBytes, (_request, body, done) => done(null, body))
  app.addContentTypeParser(Object.keys(KINDS), parser)

  const swaggerTransform = ({ url }: { url: string }) => ({ schema: described, url })
  const config = { everyday: true, swaggerTransform }
  const options = { schema, onRequest: app.authenticate, config }
  app.post('/rooms/:room/messages', options, async (request, reply) => {
    const { room } = request.params
    const identity = app.identityOf(request)
    const { query, headers, body } = request
    const draft: Draft = {
      kind: kindOf(headers['content-type']),
      payload: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      user: query.user ?? null,
      name: query.name ?? null,
      origin: null,
    }
    const sender: Sender = { identity, rate: rateOf(identity), address: app.networkOf(request) }
    const key = headers['idempotency-key'] ?? null
    const { position, time, repeated } = await app.rooms.publish(room, sender, draft, key)
    return reply.code(repeated ? 200 : 201).send({ room, ...position, time })
  })

  /** The meter that the connections of the user count on too; null without a user. */
  function rateOf({ user }: Identity): Rate | null {
    return user === null ? null : app.engine.shares.meter('messages', user)
  }
}

/**
 * Throws a 415 Refusal for a type without a kind: no parser has refused it where there is no body.
 */
function kindOf(contentType = ''): Kind {
  const kind = KINDS[contentType.split(';')[0]?.trim().toLowerCase() ?? '']
  if (kind !== undefined) return kind
  const taken = Object.keys(KINDS).join(', ')
  throw new Refusal(REPLY.unsupportedMediaType, `Send the message as ${taken}.`)
}
