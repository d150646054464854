// Rooms in the hands of operators: GET /rooms lists them, DELETE /rooms/:room deletes one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import {
  changing,
  Done,
  FOR_SERVERS,
  limitOf,
  PageLimit,
  RoomName,
  RoomParams,
  reading,
  strict,
} from './schemas.ts'

const Page = Type.Object(
  {
    rooms: Type.Array(
      Type.Object({
        room: Type.String(),
        epoch: Type.Union([Type.String(), Type.Null()]),
        offset: Type.Union([Type.Integer(), Type.Null()], {
          description: 'The room’s newest; null where nothing is kept.',
        }),
        members: Type.Integer(),
      }),
    ),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'What `after` is for the next page; null on the last.',
    }),
  },
  {
    description: 'Some rooms.',
    examples: [
      {
        rooms: [{ room: 'chat:lobby', epoch: '9f86d081884c7d65', offset: 42, members: 3 }],
        next: null,
      },
    ],
  },
)

const Query = Type.Object(
  {
    after: Type.Optional({ ...RoomName, description: 'Only rooms whose name comes later.' }),
    limit: Type.Optional(PageLimit),
  },
  strict,
)

const forOperators = { tags: ['rooms'], security: FOR_SERVERS }
const listing = {
  ...forOperators,
  summary: 'List rooms',
  description: 'In the order of their names: those that keep something, and those with members.',
  querystring: Query,
  response: { 200: Page, ...reading(401, 429) },
}
const deletion = {
  ...forOperators,
  summary: 'Delete a room',
  description:
    'Its history and its idempotency keys go, and a new epoch begins. Members are told as after ' +
    'a loss: they load the room again.',
  params: RoomParams,
  response: { 204: Done, ...changing(401) },
}

export const roomListRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const forServers = app.authenticateServer('rooms')

  // The query is looked at before the scope: users will have queries of their own here.
  const listed = { schema: listing, onRequest: app.authenticate, preHandler: forServers }
  app.get('/rooms', listed, async (request) => {
    const { after = null, limit } = request.query
    return app.rooms.list({ after, limit: limitOf(limit), holder: app.holderOf(request) })
  })

  app.delete(
    '/rooms/:room',
    { schema: deletion, onRequest: forServers },
    async (request, reply) => {
      await app.rooms.delete(request.params.room)
      return reply.code(204).send(null)
    },
  )
}
