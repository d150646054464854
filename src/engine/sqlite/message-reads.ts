// The operations of the reader thread on messages: the position of a room, and pages as far as its
// rule lets them be seen.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Kind, Position } from '../../protocol/message.ts'
import { epochOf, ROOM_COLUMNS, type RoomRow } from './rooms.ts'

/** Bytes of payload in one page: a page that reaches this is shorter than was asked for. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024

/** Which messages to read; `since` and `kept` come from the room's rule. */
export interface PageArgs {
  room: string
  after: number | null
  before: number | null
  limit: number
  order: 'asc' | 'desc'
  /** Messages from before this time are not shown. */
  since: number
  /** How many of the newest offsets are shown. */
  kept: number
}

/** A message as the thread sends it: its bytes are no Buffer. */
export interface ReadMessage {
  offset: number
  time: number
  kind: Kind
  user: string | null
  name: string | null
  payload: Uint8Array
  redactedAt: number | null
}

export type MessageReads = {
  headOf(args: { room: string }): Position
  readMessages(args: PageArgs): { head: Position; messages: ReadMessage[] }
}

const page = (order: 'ASC' | 'DESC'): string => `
  SELECT "offset", time, kind, user, name, payload, redacted_at AS redactedAt
  FROM messages
  WHERE room = :id AND "offset" > :after AND "offset" < :before AND time >= :since
  ORDER BY "offset" ${order} LIMIT :limit`

export function messageReads(db: DatabaseSync): MessageReads {
  const find = db.prepare(`SELECT ${ROOM_COLUMNS} FROM rooms WHERE name = :room`)
  const meta = db.prepare('SELECT value FROM meta WHERE name = :name')
  const pages = { asc: db.prepare(page('ASC')), desc: db.prepare(page('DESC')) }
  const metaOf = (name: string): string => String(meta.get({ name })?.value)

  /** The position of a room without messages is 0 in the epoch that its first message will have. */
  const stand = (room: string): { id: number; head: Position } => {
    const row = find.get({ room }) as RoomRow | undefined
    const generation = row?.generation ?? Number(metaOf('generation'))
    const epoch = epochOf(metaOf('incarnation'), generation)
    return { id: row?.id ?? 0, head: { epoch, offset: row?.newest ?? 0 } }
  }

  return {
    headOf: ({ room }) => stand(room).head,
    readMessages({ room, after, before, limit, order, since, kept }) {
      const { id, head } = stand(room)
      const bounds = {
        ...{ id, since, limit },
        after: Math.max(after ?? 0, head.offset - kept),
        before: Math.min(before ?? head.offset + 1, head.offset + 1),
      }
      return { head, messages: take(pages[order], bounds) }
    },
  }
}

type Bounds = Record<'id' | 'since' | 'limit' | 'after' | 'before', number>

function take(statement: StatementSync, bounds: Bounds): ReadMessage[] {
  const messages: ReadMessage[] = []
  let bytes = 0
  for (const row of statement.iterate({ ...bounds })) {
    const message = row as unknown as ReadMessage
    bytes += message.payload.length
    // The first message is always in, however large: an empty page would look like the end.
    if (messages.length > 0 && bytes > PAGE_BYTES_MAX) break
    messages.push(message)
  }
  return messages
}
