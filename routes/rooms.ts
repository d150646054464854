// GET /rooms/:room: as a WebSocket it joins with plain frames, otherwise it tells what is there.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Rule } from '../src/room/rule.ts'
import { RoomParams, reading } from './schemas.ts'

const Query = Type.Object({
  echo: Type.Optional(
    Type.Enum(['true', 'false'], {
      description:
        'For a WebSocket: whether one’s own frames come back; the rule’s word if not said.',
      examples: ['false'],
    }),
  ),
  auth: Type.Optional(
    Type.Literal('message', {
      description: 'For a WebSocket: its first message is the credential.',
      examples: ['message'],
    }),
  ),
})

const WhoList = Type.Array(Type.String())
const Joined = Type.Null({ description: 'The connection is in the room.' })

/** As an operator would write it in the rules file. */
const RuleState = Type.Object({
  match: Type.String(),
  join: WhoList,
  publish: WhoList,
  echo: Type.Boolean(),
  history: Type.Union([
    Type.Literal(false),
    Type.Object({ messages: Type.Integer(), age: Type.Optional(Type.String()) }),
  ]),
  presence: Type.Boolean(),
  receipts: Type.String(),
  payload: Type.String(),
})

const RoomState = Type.Object(
  {
    room: Type.String(),
    epoch: Type.Union([Type.String(), Type.Null()]),
    offset: Type.Union([Type.Integer(), Type.Null()]),
    members: Type.Integer(),
    users: Type.Integer(),
    rule: RuleState,
  },
  {
    description: 'What the room is now.',
    examples: [
      {
        ...{ room: 'chat:lobby', epoch: null, offset: null, members: 3, users: 2 },
        rule: {
          ...{ match: 'chat:*', join: ['user', 'server'], publish: ['user', 'server'] },
          ...{ echo: true, history: false, presence: false, receipts: 'off', payload: 'any' },
        },
      },
    ],
  },
)

const schema = {
  summary: 'Join a room, or see what it is now',
  description:
    'As a WebSocket handshake it joins with plain frames, and may show `?ticket=` instead of a ' +
    'header (docs/protocol.md); otherwise it tells what is there.',
  tags: ['rooms'],
  security: [{ session: [] }, { bearer: [] }, {}],
  params: RoomParams,
  querystring: Query,
  response: { 101: Joined, 200: RoomState, ...reading(401, 429) },
}

type RoomRequest = FastifyRequest<{ Params: RoomParams }>

export const roomRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/rooms/:room',
    schema,
    preHandler: async (request) => {
      if (request.ws) await app.settleHandshake(request, request.params.room)
      else await app.identify(request)
    },
    handler: async (request) => {
      const { room } = request.params
      const rule = await app.permitted(room, app.identityOf(request), 'join')
      const head = await app.engine.log.head(room)
      const position = { epoch: head?.epoch ?? null, offset: head?.offset ?? null }
      return { room, ...position, ...app.rooms.counts(room), rule: ruleState(rule) }
    },
    wsHandler: (socket, request) => {
      const { room } = (request as RoomRequest).params
      const { echo } = request.query as { echo?: string }
      app.openConnection(socket, request as FastifyRequest, {
        room,
        format: 'raw',
        echo: echo === undefined ? null : echo === 'true',
      })
    },
  })
}

function ruleState({ history, join, publish, ...rest }: Rule): Static<typeof RuleState> {
  return {
    ...rest,
    join: [...join],
    publish: [...publish],
    history: history === null ? false : historyState(history),
  }
}

function historyState({ messages, ageMs }: NonNullable<Rule['history']>) {
  return ageMs === null ? { messages } : { messages, age: `${ageMs / 1_000}s` }
}
