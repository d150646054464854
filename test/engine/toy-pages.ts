// What the toy engine shows of the messages of a room.
import type { Page, PageQuery, Retention, RoomSummary } from '../../src/engine/message-log.ts'
import type { Message, Position } from '../../src/protocol/message.ts'
import { systemClock } from '../../src/time/system-clock.ts'

/** What is kept of a room. */
export interface ToyRoom {
  readonly epoch: string
  readonly messages: Message[]
  readonly userRedactions: number
}

export function headOf({ epoch, messages }: ToyRoom): Position {
  return { epoch, offset: messages.length }
}

export function summaryOf(room: ToyRoom, retention: Retention): RoomSummary {
  const { messages, userRedactions } = room
  const head = headOf(room)
  const since = retention.ageMs === null ? 0 : systemClock.now() - retention.ageMs
  const kept = messages.slice(-retention.messages).find(({ time }) => time >= since)
  const redactions = messages.filter(({ redacted }) => redacted).length
  return { head, oldest: kept?.offset ?? head.offset + 1, redactions, userRedactions }
}

export function pageOf(room: ToyRoom, query: PageQuery): Page {
  const { retention, after, before, limit, order } = query
  const summary = summaryOf(room, retention)
  const first = Math.max(after ?? 0, summary.oldest - 1)
  const seen = room.messages.slice(first, before === null ? undefined : Math.max(0, before - 1))
  if (order === 'desc') seen.reverse()
  let bytes = 0
  const page = seen.slice(0, limit).filter(({ payload }, index) => {
    bytes += payload.length
    return index === 0 || bytes <= query.bytes
  })
  return { ...summary, messages: page.map((message) => ({ ...message, origin: null })) }
}
