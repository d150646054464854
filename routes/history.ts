// GET and DELETE /rooms/:room/messages: reading a room's messages page by page, and redacting one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { PageRequest } from '../src/room/read-page.ts'
import {
  changing,
  Done,
  limitOf,
  Message,
  PageLimit,
  RoomName,
  RoomParams,
  reading,
} from './schemas.ts'

const OffsetText = Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$', examples: ['41'] })

const Query = Type.Object({
  after: Type.Optional({ ...OffsetText, description: 'Only messages with a larger offset.' }),
  before: Type.Optional({ ...OffsetText, description: 'Only messages with a smaller offset.' }),
  epoch: Type.Optional(
    Type.String({
      description: 'What the offsets belong to: 409 when the room has another one now.',
      examples: ['9f86d081884c7d65'],
    }),
  ),
  limit: Type.Optional(PageLimit),
  order: Type.Optional(
    Type.Enum(['asc', 'desc'], { description: 'Oldest first if not said.', examples: ['desc'] }),
  ),
})
type Query = Static<typeof Query>

const PageAnswer = Type.Object(
  {
    room: Type.String(),
    epoch: Type.Union([Type.String(), Type.Null()]),
    offset: Type.Union([Type.Integer(), Type.Null()], { description: 'The room’s newest.' }),
    redactions: Type.Union([Type.Integer(), Type.Null()], {
      description: 'How many messages were redacted in this epoch.',
    }),
    messages: Type.Array(Message),
  },
  {
    description: 'Some messages; a page has about 1 MiB of JSON at most, and at least one message.',
    examples: [
      {
        ...{ room: 'chat:lobby', epoch: '9f86d081884c7d65', offset: 42, redactions: 0 },
        messages: [
          {
            ...{ offset: 42, time: 1_795_000_000_000, user: 'u_1', name: 'carol' },
            ...{ kind: 'text', data: 'hello' },
          },
        ],
      },
    ],
  },
)

const readSchema = {
  summary: 'Read what was said',
  description: 'For who may join. A room that keeps nothing has no positions and no messages.',
  tags: ['messages'],
  security: [{ session: [] }, { bearer: [] }, {}],
  params: RoomParams,
  querystring: Query,
  response: {
    200: PageAnswer,
    304: Type.Null({ description: 'As before.' }),
    ...reading(401, 409, 429),
  },
}

const MessageParams = Type.Object({ room: RoomName, offset: OffsetText })

const redactSchema = {
  summary: 'Take a message back',
  description: 'One’s own, or any with a server key. Its offset stays, what it said is gone.',
  tags: ['messages'],
  params: MessageParams,
  response: { 204: Done, ...changing(401, 404) },
}

export const historyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const reads = { schema: readSchema, onRequest: app.identify }
  app.get('/rooms/:room/messages', reads, async (request, reply) => {
    const { room } = request.params
    const { query, headers } = request
    const wanted = {
      ...pageQuery(query),
      ...{ holder: app.holderOf(request), ifNoneMatch: headers['if-none-match'] },
    }
    const { tag, body } = await app.rooms.page(room, app.identityOf(request), wanted)
    reply.header('etag', tag).header('cache-control', 'private, no-cache')
    if (body === null) return reply.code(304).send(null)
    // JSON messages go out as they came: their payloads are not parsed and written again.
    return reply.type('application/json; charset=utf-8').send(body as never)
  })

  const redacts = { schema: redactSchema, onRequest: app.authenticate }
  app.delete('/rooms/:room/messages/:offset', redacts, async (request, reply) => {
    const { room, offset } = request.params
    const target = { offset: Number(offset), holder: app.holderOf(request) }
    await app.rooms.redact(room, app.identityOf(request), target)
    return reply.code(204).send(null)
  })
}

function pageQuery(query: Query): Omit<PageRequest, 'holder' | 'ifNoneMatch'> {
  const number = (text: string | undefined): number | null =>
    text === undefined ? null : Number(text)
  return {
    after: number(query.after),
    before: number(query.before),
    epoch: query.epoch ?? null,
    limit: limitOf(query.limit),
    order: query.order ?? 'asc',
  }
}
