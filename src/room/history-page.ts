// One read of the messages that a room keeps, for a client that asks for a page: within its read
// rate, and in the epoch that it knows.
import type { MessageLog, Page, PageQuery, Retention } from '../engine/message-log.ts'
import type { Holder } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { ReadRate } from './read-rate.ts'

export interface PageParts {
  log: MessageLog
  readRate: ReadRate
}

/** Which messages, and the epoch of their offsets; a null `epoch` means the present one. */
export interface HistoryQuery extends Omit<PageQuery, 'retention' | 'asker'> {
  epoch: string | null
  holder: Holder
}

/**
 * Rejects with 409 when the room has another epoch by now, and with 429 where the rate is used up.
 * What is answered of the page MUST be charged to the rate.
 */
export async function historyPage(
  { log, readRate }: PageParts,
  room: string,
  retention: Retention,
  { epoch, holder, ...query }: HistoryQuery,
): Promise<Page> {
  const reached = readRate.over(holder)
  if (reached !== null) throw reached.refusal
  const asker = { queue: 'pages', holder } as const
  const page = await log.read(room, { ...query, retention, asker })
  checkEpoch(page.head.epoch, epoch)
  return page
}

/** Throws 409 for another epoch than the room has; null means the one that it has. */
export function checkEpoch(present: string, asked: string | null): void {
  if (asked === null || asked === present) return
  const sentence = 'This room has a new epoch: load it again, without positions.'
  throw new Refusal(REPLY.unrecoverable, sentence)
}
