// Receipts over REST: how far I have got in a room, how far all others have, and who belongs to it.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { changing, Done, RoomName, RoomParams, reading, strict, UserId } from './schemas.ts'

const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, examples: [42] })
const OrNull = <Given extends Parameters<typeof Type.Union>[0]>(...given: Given) =>
  Type.Union([...given, Type.Null()])

const Move = Type.Object(
  {
    delivered: Type.Optional({ ...Offset, description: 'The newest message that came to me.' }),
    read: Type.Optional({ ...Offset, description: 'The newest that I read: it came to me too.' }),
    private: Type.Optional(
      Type.Boolean({ description: 'For my own devices: what others see does not change.' }),
    ),
  },
  { ...strict, minProperties: 1, examples: [{ read: 42 }] },
)

const Mine = Type.Object(
  { delivered: Offset, read: Offset },
  { description: 'How far I have got now.', examples: [{ delivered: 42, read: 41 }] },
)

const Participant = Type.Object({
  user: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
  joined: { ...Offset, description: 'Earlier messages need no receipt of theirs.' },
  delivered: Offset,
  read: Type.Union([Offset, Type.Null()], { description: 'Null while they read privately.' }),
})

const Names = OrNull(Type.Array(Type.String()), Type.Integer())

const All = Type.Object(
  {
    participants: Type.Union([Type.Array(Participant), Type.Integer(), Type.Null()], {
      description: 'Their number where the rule tells counts only; null where they are too many.',
    }),
    deliveredToAll: Type.Union([Offset, Type.Null()], {
      description: 'Of all but me; null where there are no others, or too many.',
    }),
    readByAll: Type.Union([Offset, Type.Null()]),
    deliveredTo: Type.Optional({ ...Names, description: 'With `offset`: who of them has it.' }),
    readBy: Type.Optional({ ...Names, description: 'With `offset`: who of them has read it.' }),
  },
  {
    description: 'How far all have got.',
    examples: [
      {
        participants: [{ user: 'u_1', name: 'carol', joined: 7, delivered: 42, read: 41 }],
        ...{ deliveredToAll: 42, readByAll: 41 },
      },
    ],
  },
)

const Query = Type.Object(
  {
    offset: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,14}$',
        description: 'A message, to learn which others have it and have read it.',
        examples: ['42'],
      }),
    ),
  },
  strict,
)
const ParticipantParams = Type.Object({ room: RoomName, user: UserId })

const ofUsers = { tags: ['receipts'], security: [{ session: [] }, { bearer: [] }] }
const moving = {
  ...ofUsers,
  summary: 'Move my receipts',
  description: 'Only forward, and at most to the newest message. It makes me a participant.',
  params: RoomParams,
  body: Move,
  response: { 200: Mine, ...changing(401, 404, 429, 507) },
}
const telling = {
  ...ofUsers,
  summary: 'See how far all have got',
  description: 'For who may join. A room whose rule has no receipts answers 404.',
  params: RoomParams,
  querystring: Query,
  response: { 200: All, ...reading(401, 404, 429) },
}
const adding = {
  ...ofUsers,
  summary: 'Make a user a participant',
  description: 'Oneself, or with a server key any user; that needs the scope `rooms`.',
  params: ParticipantParams,
  response: { 204: Done, ...changing(401, 404, 429, 507) },
}
const removing = {
  ...adding,
  summary: 'End that a user is a participant',
  response: { 204: Done, ...changing(401) },
}

export const receiptRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const config = { everyday: true }
  const onRequest = app.authenticate

  const moves = { schema: moving, config, onRequest }
  app.put('/rooms/:room/receipts', moves, async (request) => {
    const { delivered = null, read = null, private: isPrivate = false } = request.body
    if (delivered === null && read === null) {
      throw new Refusal(REPLY.badRequest, 'Say delivered, read or both.')
    }
    const move = { room: request.params.room, delivered, read, isPrivate }
    const identity = app.identityOf(request)
    const [moved] = await app.rooms.receipts.move(identity, [move], app.holderOf(request))
    if (moved === undefined || moved instanceof Error) throw moved
    return moved
  })

  const tells = { schema: telling, onRequest: app.identify }
  app.get('/rooms/:room/receipts', tells, async (request, reply) => {
    const { offset } = request.query
    const asked = { offset: offset === undefined ? null : Number(offset) }
    const holder = app.holderOf(request)
    reply.header('cache-control', 'private, no-cache')
    const { room } = request.params
    return app.rooms.receipts.read(room, app.identityOf(request), { ...asked, holder })
  })

  app.put(
    '/rooms/:room/participants/:user',
    { schema: adding, onRequest },
    async (request, reply) => {
      const { room, user } = request.params
      await app.rooms.receipts.add(room, user, app.identityOf(request), app.holderOf(request))
      return reply.code(204).send(null)
    },
  )

  const removes = { schema: removing, onRequest }
  app.delete('/rooms/:room/participants/:user', removes, async (request, reply) => {
    const { room, user } = request.params
    await app.rooms.receipts.remove(room, user, app.identityOf(request))
    return reply.code(204).send(null)
  })
}
