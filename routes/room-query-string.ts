// The query parameters that say how to join a room.
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { parsePosition } from '../src/protocol/position.ts'
import type { Start } from '../src/room/resume.ts'

/** Messages replayed at most, however many are asked for. */
const REPLAY_MAX = 1_000

const Flag = Type.Enum(['true', 'false'])

export const RoomQuery = Type.Object({
  echo: Type.Optional({
    ...Flag,
    description:
      'For a WebSocket: whether one’s own frames come back; the rule’s word if not said.',
    examples: ['false'],
  }),
  auth: Type.Optional(
    Type.Literal('message', {
      description: 'For a WebSocket: its first message is the credential.',
      examples: ['message'],
    }),
  ),
  replay: Type.Optional(
    Type.String({
      pattern: '^[1-9][0-9]{0,5}$',
      description: `For a WebSocket: first the newest messages, at most ${REPLAY_MAX}.`,
      examples: ['20'],
    }),
  ),
  after: Type.Optional(
    Type.String({
      description: 'For a stream: the position to go on from, as `Last-Event-ID` is.',
      examples: ['9f86d081884c7d65:41'],
    }),
  ),
  envelope: Type.Optional({
    ...Flag,
    description: 'For a stream: each event is the message as JSON, not its payload alone.',
    examples: ['true'],
  }),
})
export type RoomQuery = Static<typeof RoomQuery>

export function replayOf({ replay }: RoomQuery): Start | null {
  return replay === undefined ? null : { from: 'last', count: Math.min(Number(replay), REPLAY_MAX) }
}

/** A browser that reconnects sends its newest position as a header, and the URL as it was. */
export function streamStartOf({ headers, query }: FastifyRequest): Start {
  const header = headers['last-event-id']
  const text = typeof header === 'string' && header !== '' ? header : (query as RoomQuery).after
  if (text === undefined) return { from: 'now' }
  const position = parsePosition(text)
  if (position !== null) return { from: 'position', position }
  throw new Refusal(REPLY.badRequest, 'A position is epoch:offset, as it stood in an id.')
}
