// GET /rooms/:room/members: which users are in a room now, over all nodes.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { RoomParams, reading } from './schemas.ts'

const UserPresence = Type.Object({
  user: Type.Union([Type.String(), Type.Null()], {
    description: 'Null for all connections without a user together.',
  }),
  name: Type.Union([Type.String(), Type.Null()], { description: 'How people call the user.' }),
  connections: Type.Integer(),
  info: Type.Union([Type.Object({}), Type.Null()], {
    description: 'The `public` part of what travels with the user, of its newest connection.',
  }),
})

const Members = Type.Object(
  {
    members: Type.Union([Type.Array(UserPresence), Type.Null()], {
      description: 'Null where the rule tells counts only, or the room is too large.',
    }),
    connections: Type.Integer(),
    users: Type.Integer(),
  },
  {
    description: 'Those who are in the room; server keys do not appear.',
    examples: [
      {
        members: [
          { user: 'u_1', name: 'carol', connections: 2, info: null },
          { user: 'u_2', name: 'dan', connections: 1, info: { colour: 'green' } },
        ],
        ...{ connections: 3, users: 2 },
      },
    ],
  },
)

const schema = {
  summary: 'See who is in a room',
  description: 'For who may join. A room whose rule has no presence answers 404.',
  tags: ['rooms'],
  security: [{ session: [] }, { bearer: [] }, {}],
  params: RoomParams,
  response: { 200: Members, ...reading(401, 404, 429) },
}

export const memberRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/rooms/:room/members', { schema, onRequest: app.identify }, async (request, reply) => {
    const { room } = request.params
    const holder = app.holderOf(request)
    const body = await app.rooms.membersJson(room, app.identityOf(request), holder)
    reply.header('cache-control', 'private, no-cache')
    // What users show is JSON text already: it is not parsed and written again.
    return reply.type('application/json; charset=utf-8').send(body as never)
  })
}
