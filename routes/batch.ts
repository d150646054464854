// POST /messages: many messages of a back end in one request, each accepted or refused by itself.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { contentOfJson } from '../src/protocol/content-from-json.ts'
import type { Identity } from '../src/protocol/identity.ts'
import { IDEMPOTENCY_KEY_PATTERN } from '../src/protocol/names.ts'
import {
  changing,
  FOR_SERVERS,
  Milliseconds,
  RoomName,
  SenderName,
  strict,
  UserId,
} from './schemas.ts'

const ITEMS_MAX = 1_000
const BODY_BYTES_MAX = 4_194_304

const Item = Type.Object(
  {
    room: RoomName,
    data: Type.Unknown({ description: 'A JSON value, a text, or base64 where kind is binary.' }),
    kind: Type.Optional(Type.Enum(['json', 'text', 'binary'])),
    key: Type.Optional(
      Type.String({ pattern: IDEMPOTENCY_KEY_PATTERN, description: 'It takes effect once.' }),
    ),
    user: Type.Optional({
      ...UserId,
      description: 'The user in whose name it is; none if not said.',
    }),
    name: Type.Optional(SenderName),
  },
  strict,
)
type Item = Static<typeof Item>

const Result = Type.Union([
  Type.Object({
    room: Type.String(),
    epoch: Type.Optional(Type.String()),
    offset: Type.Optional(Type.Integer()),
    time: Milliseconds,
  }),
  Type.Object({
    room: Type.String(),
    error: Type.String(),
    code: Type.Integer(),
    message: Type.String(),
  }),
])

const schema = {
  summary: 'Publish many messages',
  description: 'One result for each, in their order. It is not atomic: some may fail.',
  tags: ['messages'],
  security: FOR_SERVERS,
  body: Type.Array(Item, {
    minItems: 1,
    maxItems: ITEMS_MAX,
    examples: [[{ room: 'chat:lobby', data: 'hello', key: 'order-4711' }]],
  }),
  response: {
    200: Type.Array(Result, {
      description: 'What became of each: a position, or an error.',
      examples: [[{ room: 'chat:lobby', epoch: '9f86d081884c7d65', offset: 42, time: 1 }]],
    }),
    ...changing(401),
  },
}

export const batchRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', app.jsonParser(BODY_BYTES_MAX))
  const config = { everyday: true }
  const onRequest = app.authenticateServer('publish')
  const options = { schema, config, onRequest }
  app.post('/messages', options, async (request) => {
    const identity = app.identityOf(request)
    return await Promise.all(request.body.map((item) => resultOf(item, identity)))
  })

  async function resultOf(item: Item, identity: Identity): Promise<Static<typeof Result>> {
    const { room, data, kind, key = null, user = null, name = null } = item
    const sender = { identity, address: null }
    try {
      const draft = { ...contentOfJson(data, kind), user, name, origin: null }
      const { position, time } = await app.rooms.publish(room, sender, draft, key)
      return { room, ...position, time }
    } catch (error) {
      const { reply, message, limit } = app.refusalOf(error)
      if (limit !== undefined) app.metrics.limitHit(limit)
      if (reply.status === 500) app.log.error({ err: error, room }, 'unforeseen error in a batch')
      return { room, error: reply.error, code: reply.code, message }
    }
  }
}
