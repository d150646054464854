// GET /rooms/:room: a WebSocket joins with plain frames, a stream follows, and any other request
// gets the state of the room.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Rule } from '../src/room/rule.ts'
import { RoomQuery, replayOf, streamStartOf } from './room-query-string.ts'
import { RoomParams, reading } from './schemas.ts'

const WhoList = Type.Array(Type.String())
const Joined = Type.Null({ description: 'The connection is in the room.' })

/** A rule as an operator would write it in the rules file. */
const RuleState = Type.Object({
  match: Type.String(),
  join: WhoList,
  publish: WhoList,
  echo: Type.Boolean(),
  history: Type.Union([
    Type.Literal(false),
    Type.Object({ messages: Type.Integer(), age: Type.Optional(Type.String()) }),
  ]),
  presence: Type.Union([Type.Literal(false), Type.String()]),
  receipts: Type.String(),
  payload: Type.String(),
})

const RoomState = Type.Object(
  {
    room: Type.String(),
    epoch: Type.Union([Type.String(), Type.Null()]),
    offset: Type.Union([Type.Integer(), Type.Null()]),
    redactions: Type.Union([Type.Integer(), Type.Null()]),
    members: Type.Integer(),
    users: Type.Integer(),
    rule: RuleState,
  },
  {
    description: 'What the room is now.',
    examples: [
      {
        ...{ room: 'chat:lobby', epoch: '9f86d081884c7d65', offset: 42, redactions: 0 },
        ...{ members: 3, users: 2 },
        rule: {
          ...{ match: 'chat:*', join: ['user', 'server'], publish: ['user', 'server'] },
          history: { messages: 10_000, age: '2592000s' },
          ...{ echo: true, presence: 'members', receipts: 'members', payload: 'any' },
        },
      },
    ],
  },
)

const schema = {
  summary: 'Join a room, or see what it is now',
  description:
    'As a WebSocket handshake it joins with plain frames; with `Accept: text/event-stream` it ' +
    'follows. Both may show `?ticket=` instead of a header (docs/protocol.md). Otherwise it ' +
    'tells what is there.',
  tags: ['rooms'],
  security: [{ session: [] }, { bearer: [] }, {}],
  params: RoomParams,
  querystring: RoomQuery,
  response: { 101: Joined, 200: RoomState, ...reading(401, 429) },
}

/** A room that keeps nothing has no positions. */
const NOWHERE = { epoch: null, offset: null }

type RoomRequest = FastifyRequest<{ Params: RoomParams }>

export const roomRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/rooms/:room',
    schema,
    preHandler: async (request, reply) => {
      const { room } = request.params
      if (app.wantsStream(request)) {
        streamStartOf(request)
        await app.admitStream(request, reply)
      }
      if (request.ws || app.wantsStream(request))
        await app.settleHandshake(request, reply, { endpoint: 'rooms', room })
      else await app.identify(request)
    },
    handler: async (request, reply) => {
      if (app.wantsStream(request)) {
        const isEnvelope = request.query.envelope === 'true'
        app.openStream(request, reply, { isEnvelope, start: streamStartOf(request) })
        return reply
      }
      const { room } = request.params
      const state = await app.rooms.state(room, app.identityOf(request))
      const { rule, head, ...rest } = state
      return { room, ...(head ?? NOWHERE), ...rest, rule: ruleState(rule) }
    },
    wsHandler: (socket, request) => {
      const { room } = (request as RoomRequest).params
      const query = request.query as RoomQuery
      app.openWebSocket(socket, request as FastifyRequest, {
        room,
        format: 'raw',
        echo: query.echo === undefined ? null : query.echo === 'true',
        start: replayOf(query),
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
