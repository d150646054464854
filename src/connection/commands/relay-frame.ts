// Publishes a plain frame in the room. A raw connection gets no answer: a failure closes it, and no
// other.
import { EngineUnavailable } from '../../engine/engine.ts'
import type { PublishCommand } from '../../protocol/command.ts'
import { CLOSE, type CloseCode, REPLY, Refusal } from '../../protocol/errors.ts'
import type { LimitName } from '../../protocol/limits.ts'
import type { Draft } from '../../protocol/message.ts'
import type { Sender } from '../../room/publish.ts'
import type { Room } from '../../room/room.ts'

/** The part of a connection that publishing needs. */
export interface Speaker extends Sender {
  readonly id: string
  close(code: CloseCode, limit?: LimitName | null): void
  /** An unforeseen error over what the client sent: it is logged, and ends the connection. */
  fault(error: unknown): void
}

/**
 * If the application has to be asked first, `speaker.waitFor` is called. Throws unforeseen errors:
 * the transport logs them.
 */
export function relayFrame(speaker: Speaker, room: Room, { kind, payload }: PublishCommand): void {
  // A text frame does not say whether it is JSON: in a room that takes JSON alone it has to be.
  const isJson = kind === 'text' && room.rule.payload === 'json'
  const origin = speaker.id
  const draft: Draft = { kind: isJson ? 'json' : kind, payload, user: null, name: null, origin }
  try {
    const published = room.publish(speaker, draft)
    if (published instanceof Promise) published.catch((error) => refuse(speaker, error))
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof EngineUnavailable)) throw error
    refuse(speaker, error)
  }
}

function refuse(speaker: Speaker, error: unknown): void {
  const refusal = error instanceof EngineUnavailable ? error.refusal : error
  if (refusal instanceof Refusal) speaker.close(closeCodeOf(refusal), refusal.limit ?? null)
  else speaker.fault(error)
}

function closeCodeOf({ reply }: Refusal): CloseCode {
  switch (reply.status) {
    case 401:
    case 403:
      return CLOSE.forbidden
    case 413:
      return CLOSE.tooBig
    case 429:
      return reply === REPLY.quotaReached ? CLOSE.quotaReached : CLOSE.tooManyRequests
    case 500:
    case 503:
    case 507:
      return CLOSE.internal
    default:
      return CLOSE.badRequest
  }
}
