// The operations of the reader thread on messages: the position of a room, and pages as far as its
// rule lets them be seen.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Draft, Kind, Message, Position } from '../../protocol/message.ts'
import type { Retention, RoomSummary } from '../message-log.ts'
import { epochOf, ROOM_COLUMNS, type RoomRow } from './rooms.ts'
import { HIDING } from './user-redactions.ts'

/**
 * What of a room is shown, by its rule. The retention that is in force in the room binds too: what
 * a former rule hid is not shown while the next one is not in force.
 */
export interface KeptArgs {
  room: string
  now: number
  retention: Retention
}

/** Which messages to read. */
export interface PageArgs extends KeptArgs {
  after: number | null
  before: number | null
  limit: number
  bytes: number
  order: 'asc' | 'desc'
}

export interface RoomRetention extends Retention {
  id: number
  room: string
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

/** The message that the thread has sent, of a room in this epoch. */
export function messageFrom({ payload, redactedAt, ...rest }: ReadMessage, epoch: string): Message {
  const { buffer, byteOffset, byteLength } = payload
  const bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
  const message: Message = { ...rest, epoch, payload: bytes, origin: null }
  return redactedAt === null ? message : { ...message, redacted: true }
}

/** The message that was made of a draft. */
export function keptMessage(draft: Draft & { time: number }, position: Position): Message {
  const { kind, payload, user, name, origin, time, unechoed } = draft
  const message = { kind, payload, user, name, origin, ...position, time }
  return unechoed ? { ...message, unechoed } : message
}

export type MessageReads = {
  /** What the database uses, with what is still in its log, and what is free inside. */
  fileUse(args: undefined): { bytes: number; freeInside: number }
  headOf(args: { room: string }): Position
  summaryOf(args: KeptArgs): RoomSummary
  readMessages(args: PageArgs): RoomSummary & { messages: ReadMessage[] }
  /** The digest of the rules that are in force in all rooms, or null. */
  rulesInForce(args: undefined): string | null
  /** Rooms in the order of their rows, and the retention that is in force in each. */
  retentionsAfter(args: { after: number; limit: number }): RoomRetention[]
}

const COLUMNS = 'messages.user, name, payload, redacted_at AS redactedAt FROM messages'
/** The same, where messages of some users are hidden. */
export const COLUMNS_SHOWN = `
  messages.user, iif(hiding.user IS NULL, name, NULL) AS name,
  iif(hiding.user IS NULL, payload, x'') AS payload,
  iif(hiding.user IS NULL, redacted_at, 0) AS redactedAt
  FROM messages ${HIDING}`

/** By offset alone: clocks are set back, and a page MUST be what its summary says. */
const page = (order: 'ASC' | 'DESC', columns: string): string => `
  SELECT "offset", time, kind, ${columns}
  WHERE room = :id AND "offset" > :after AND "offset" < :before
  ORDER BY "offset" ${order} LIMIT :limit`

const OLDEST = `
  SELECT "offset" FROM messages
  WHERE room = :id AND "offset" > :after AND time >= :since
  ORDER BY "offset" LIMIT 1`

type RoomState = RoomRow & { redactions: number }

export function messageReads(db: DatabaseSync): MessageReads {
  const find = db.prepare(`
    SELECT ${ROOM_COLUMNS}, redactions FROM rooms WHERE name = :room`)
  const meta = db.prepare('SELECT value FROM meta WHERE name = :name')
  const first = db.prepare(OLDEST)
  const pages = pagesIn(db)
  const metaOf = (name: string): string => String(meta.get({ name })?.value)

  /** The position of a room without messages is 0 in the epoch that its first message will have. */
  const stand = (room: string) => {
    const row = find.get({ room }) as RoomState | undefined
    const generation = row?.generation ?? Number(metaOf('generation'))
    const epoch = epochOf(metaOf('incarnation'), generation)
    const head: Position = { epoch, offset: row?.newest ?? 0 }
    return { row, head, redactions: row?.redactions ?? 0 }
  }

  const look = ({ room, now, retention }: KeptArgs): RoomSummary & { id: number } => {
    const { row, head, redactions } = stand(room)
    const { id = 0, shownFrom = 1, messagesMax = 0, ageMaxMs = null } = row ?? {}
    const kept = Math.min(retention.messages, messagesMax)
    const ageMs = Math.min(retention.ageMs ?? now, ageMaxMs ?? now)
    const after = Math.max(shownFrom - 1, head.offset - kept)
    const oldest = first.get({ id, after, since: now - ageMs }) as { offset: number } | undefined
    const userRedactions = Number(metaOf('user_redactions'))
    return { id, head, redactions, userRedactions, oldest: oldest?.offset ?? head.offset + 1 }
  }

  const pageCount = db.prepare(
    'SELECT page_count, page_size FROM pragma_page_count, pragma_page_size',
  )
  const retentions = db.prepare(`
    SELECT id, name AS room, messages_max AS messages, age_max_ms AS ageMs FROM rooms
    WHERE id > :after ORDER BY id LIMIT :limit`)
  const freePages = db.prepare('SELECT freelist_count FROM pragma_freelist_count')

  return {
    fileUse() {
      const { page_count: count, page_size: size } = pageCount.get() ?? {}
      const freeInside = Number(freePages.get()?.freelist_count) * Number(size)
      return { bytes: Number(count) * Number(size) - freeInside, freeInside }
    },
    headOf: ({ room }) => stand(room).head,
    rulesInForce: () => (meta.get({ name: 'rules' })?.value as string | undefined) ?? null,
    retentionsAfter: (args) => retentions.all(args) as unknown as RoomRetention[],
    summaryOf(args) {
      const { id: _, ...summary } = look(args)
      return summary
    },
    readMessages({ after, before, limit, bytes, order, ...kept }) {
      const { id, ...summary } = look(kept)
      const { head, oldest } = summary
      const bounds = {
        ...{ id, limit },
        after: Math.max(after ?? 0, oldest - 1),
        before: Math.min(before ?? head.offset + 1, head.offset + 1),
      }
      return { ...summary, messages: take(pages()[order], bounds, bytes) }
    },
  }
}

/** The statements for pages; only where messages are hidden now they cost more. */
function pagesIn(db: DatabaseSync) {
  const pagesWith = (columns: string) => ({
    asc: db.prepare(page('ASC', columns)),
    desc: db.prepare(page('DESC', columns)),
  })
  const [whole, shown] = [pagesWith(COLUMNS), pagesWith(COLUMNS_SHOWN)]
  const hiding = db.prepare('SELECT 1 FROM user_redactions LIMIT 1')
  return () => (hiding.get() === undefined ? whole : shown)
}

type Bounds = Record<'id' | 'limit' | 'after' | 'before', number>

function take(statement: StatementSync, bounds: Bounds, bytesMax: number): ReadMessage[] {
  const messages: ReadMessage[] = []
  let bytes = 0
  for (const row of statement.iterate({ ...bounds })) {
    const message = row as unknown as ReadMessage
    bytes += message.payload.length
    // The first message is always in, however large: an empty page would look like the end.
    if (messages.length > 0 && bytes > bytesMax) break
    messages.push(message)
  }
  return messages
}
