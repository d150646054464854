// A page of history in one reply to a command, bounded like what a member gets with its join.
import type { Retention } from '../engine/message-log.ts'
import type { Holder } from '../engine/shares.ts'
import type { HistoryCommand } from '../protocol/command.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Message, Position } from '../protocol/message.ts'
import type { ReplyFormat } from '../wire/wire-format.ts'
import { checkEpoch, historyPage, type PageParts } from './history-page.ts'
import { RECOVERY } from './recovery.ts'

export interface HistoryRequest extends Pick<HistoryCommand, 'limit' | 'since' | 'isReverse'> {
  holder: Holder
  /** How the reply writes a message. */
  replies: ReplyFormat
}

export interface HistoryAnswer {
  /** In the order that was asked for. */
  readonly items: readonly Buffer[]
  /** The room's newest position. */
  readonly position: Position
  /** How many messages were redacted in this epoch. */
  readonly redactions: number
}

/**
 * Rejects with `notAvailable` in a room that keeps nothing, with `unrecoverable` when `since` is of
 * another epoch (an empty one stands for any), and with 429 where the holder has read too much.
 */
export async function readHistory(
  parts: PageParts,
  room: string,
  retention: Retention | null,
  { limit, since, isReverse, holder, replies }: HistoryRequest,
): Promise<HistoryAnswer> {
  if (retention === null) {
    throw new Refusal(REPLY.notAvailable, 'The rule of this room keeps no history.')
  }
  const epoch = since?.epoch || null
  if (limit === 0) {
    const { head, redactions } = await parts.log.summary(room, retention)
    checkEpoch(head.epoch, epoch)
    return { items: [], position: head, redactions }
  }
  const offset = since?.offset ?? null
  const { head, redactions, messages } = await historyPage(parts, room, retention, {
    ...(isReverse ? { after: null, before: offset } : { after: offset, before: null }),
    ...{ epoch, holder, order: isReverse ? 'desc' : 'asc', bytes: RECOVERY.bytesMax },
    limit: Math.min(limit ?? RECOVERY.messagesMax, RECOVERY.messagesMax),
  })
  const items = itemsOf(messages, replies)
  parts.readRate.charge(holder, bytesOf(items))
  return { items, position: head, redactions }
}

/** At least one, and no more than fit: a client reads on where the page ends. */
function itemsOf(messages: readonly Message[], replies: ReplyFormat): Buffer[] {
  const items: Buffer[] = []
  let bytes = 0
  for (const message of messages) {
    const item = replies.item(message)
    bytes += item.length
    if (items.length > 0 && bytes > RECOVERY.bytesMax) break
    items.push(item)
  }
  return items
}

function bytesOf(items: readonly Buffer[]): number {
  return items.reduce((sum, { length }) => sum + length, 0)
}
