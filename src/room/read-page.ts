// A page of the messages that a room keeps, for a request that may name an epoch which is over.
import type { MessageLog, Page, PageQuery } from '../engine/message-log.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'

/** Which messages, and the epoch of their offsets; a null `epoch` means the present one. */
export interface PageRequest extends Omit<PageQuery, 'retention'> {
  epoch: string | null
}

/** Rejects with 409 when the room has another epoch by now. */
export async function readPage(
  log: MessageLog,
  room: string,
  { epoch, ...query }: PageRequest & PageQuery,
): Promise<Page> {
  const page = await log.read(room, query)
  if (epoch === null || epoch === page.head.epoch) return page
  const sentence = 'This room has a new epoch: load it again, without positions.'
  throw new Refusal(REPLY.unrecoverable, sentence)
}
