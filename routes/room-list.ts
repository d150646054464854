// GET /rooms lists the rooms that a user belongs to, or for operators all of them; DELETE
// /rooms/:room deletes one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import {
  changing,
  Done,
  FOR_SERVERS,
  limitOf,
  Message,
  PageLimit,
  RoomName,
  RoomParams,
  reading,
  strict,
} from './schemas.ts'

const OfUser = Type.Object({
  rooms: Type.Array(
    Type.Object({
      room: Type.String(),
      epoch: Type.String(),
      offset: Type.Integer({ description: 'The room’s newest.' }),
      read: Type.Integer(),
      delivered: Type.Integer(),
      unread: Type.Integer(),
      last: Type.Union([Message, Type.Null()], { description: 'The newest message.' }),
    }),
  ),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'What `before` is for the next page; null on the last.',
  }),
})

const Page = Type.Object({
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
})

const Query = Type.Object(
  {
    after: Type.Optional({ ...RoomName, description: 'Only rooms whose name comes later.' }),
    limit: Type.Optional(PageLimit),
    participant: Type.Optional(
      Type.Enum(['me'], {
        description: 'The rooms that I belong to, newest first.',
        examples: ['me'],
      }),
    ),
    before: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,15}(?:,.{1,133})?$',
        description: 'With `participant`: only rooms behind this `next`, or older than this time.',
        examples: ['1795000000000,chat:lobby'],
      }),
    ),
  },
  strict,
)

const LISTED = {
  description: 'Some rooms: all of them by name, or those that I belong to.',
  examples: [
    {
      rooms: [{ room: 'chat:lobby', epoch: '9f86d081884c7d65', offset: 42, members: 3 }],
      next: null,
    },
    {
      rooms: [
        {
          ...{ room: 'chat:lobby', epoch: '9f86d081884c7d65', offset: 42 },
          ...{ read: 40, delivered: 42, unread: 2, last: null },
        },
      ],
      next: null,
    },
  ],
}

const forOperators = { tags: ['rooms'], security: FOR_SERVERS }
const listing = {
  ...forOperators,
  summary: 'List rooms',
  description:
    'With a server key, in the order of their names: those that keep something, and those with ' +
    'members. With `participant=me` those that I belong to and may join, each with ' +
    '`{room, epoch, offset, read, delivered, unread, last}`.',
  querystring: Query,
  response: { 200: Type.Union([Page, OfUser], LISTED), ...reading(401, 429) },
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

  // The query is looked at before the scope: users have a query of their own here.
  const listed = { schema: listing, onRequest: app.authenticate }
  app.get('/rooms', listed, async (request, reply) => {
    const { after = null, before = null, participant, limit } = request.query
    const page = { limit: limitOf(limit), holder: app.holderOf(request) }
    if (participant === undefined) {
      if (before !== null) throw new Refusal(REPLY.badRequest, 'before goes with participant.')
      await forServers(request)
      return app.rooms.list({ ...page, after })
    }
    if (after !== null) throw new Refusal(REPLY.badRequest, 'after goes without participant.')
    const asked = { ...page, before }
    const body = await app.rooms.receipts.rooms(app.identityOf(request), asked)
    reply.header('cache-control', 'private, no-cache')
    // Messages are JSON text already: they are not parsed and written again.
    return reply.type('application/json; charset=utf-8').send(Buffer.from(body) as never)
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
