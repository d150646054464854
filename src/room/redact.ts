// Taking a message back: a tombstone keeps its offset, and its payload is deleted.
import type { MessageLog, Retention } from '../engine/message-log.ts'
import type { Holder } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'

/** Which message to take back, and for whom it is looked up. */
export interface RedactionTarget {
  offset: number
  holder: Holder
}

export interface Redaction extends RedactionTarget {
  room: string
  /** Null in a room without history, which has nothing to take back. */
  retention: Retention | null
  /** The sender of the request: the user who published the message, or a server key. */
  identity: Identity
}

/** Rejects with 403 for a message of another user, and with 404 where there is none. */
export async function redact(log: MessageLog, redaction: Redaction): Promise<void> {
  const { room, retention, identity, offset, holder } = redaction
  if (retention === null || offset === 0) throw nothingThere()
  const bounds = { after: offset - 1, before: offset + 1, limit: 1, bytes: 1 } as const
  const asker = { queue: 'pages', holder } as const
  const { head, messages } = await log.read(room, { ...bounds, order: 'asc', retention, asker })
  const [message] = messages
  if (message === undefined || message.redacted) throw nothingThere()
  const isOwn = identity.user !== null && message.user === identity.user
  if (identity.server === null && !isOwn) {
    throw new Refusal(REPLY.forbidden, 'You may take back only what you said yourself.')
  }
  // The room may have been deleted meanwhile, and another message be at that offset.
  if (!(await log.redact(room, offset, head.epoch))) throw nothingThere()
}

function nothingThere(): Refusal {
  return new Refusal(REPLY.notFound, 'There is no message at this offset.')
}
