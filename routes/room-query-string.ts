// The query parameters that say how to join a room.
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { parsePosition } from '../src/protocol/position.ts'
import type { Start } from '../src/room/resume.ts'

/** Messages replayed at most, however many are asked for. */
const REPLAY_MAX = 1_000

const Flag = Type.Enum(['true', 'false'])

const POSITION = '9f86d081884c7d65:41'

export const RoomQuery = Type.Object({
  ticket: Type.Optional(
    Type.String({
      description: 'For a WebSocket or a stream: a ticket, which opens one connection.',
      examples: ['ut_…'],
    }),
  ),
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
  lastEventId: Type.Optional(
    Type.String({
      description: 'For a stream: as `Last-Event-ID`, from what stands in for an EventSource.',
      examples: [POSITION],
    }),
  ),
  after: Type.Optional(
    Type.String({
      description: 'For a stream: the position to go on from, where neither of these is.',
      examples: [POSITION],
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

/**
 * A client that reconnects says its newest position by itself, in a header or in what it adds to
 * the URL; the rest of the URL is as it was [C173].
 */
export function streamStartOf({ headers, query }: FastifyRequest): Start {
  const { lastEventId, after } = query as RoomQuery
  const text = String(headers['last-event-id'] ?? '') || lastEventId || after
  if (text === undefined) return { from: 'now' }
  const position = parsePosition(text)
  if (position !== null) return { from: 'position', position }
  throw new Refusal(REPLY.badRequest, 'A position is epoch:offset, as it stood in an id.')
}
