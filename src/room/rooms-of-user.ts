// The rooms that a user belongs to, with the newest message of each and how many are unread.
import type { MessageLog, Retention } from '../engine/message-log.ts'
import type { ParticipantRoom, ReceiptStore, RoomPlace } from '../engine/receipt-store.ts'
import type { Holder } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { messageJson } from '../protocol/message-json.ts'
import { ANSWER_BYTES_MAX } from './read-page.ts'
import type { ReadRate } from './read-rate.ts'
import type { Rule } from './rule.ts'

export interface RoomsOfUserParts {
  store: ReceiptStore
  log: MessageLog
  readRate: ReadRate
  /** The rule of a room, for an identity that may join it. */
  permitted(room: string, identity: Identity): Promise<Rule>
}

export interface RoomsOfUserRequest {
  /** Only rooms behind this place; null for all. */
  before: RoomPlace | null
  limit: number
  holder: Holder
}

/** So many pages of rooms are looked through for rooms that the user may join. */
const PAGES_MAX = 10

/** What looking at a room counts as, in bytes that were read, also where it is left out. */
const LOOK_BYTES = 64

/**
 * `{rooms: [{room, epoch, offset, read, delivered, unread, last}], next}`, newest first. Rooms that
 * the user may not join now are left out. A page has fewer rooms than were asked for where their
 * newest messages are large; `next` is where it goes on, null at the end.
 */
export async function roomsOfUser(
  parts: RoomsOfUserParts,
  identity: Identity,
  { before, limit, holder }: RoomsOfUserRequest,
): Promise<string> {
  const { user } = identity
  if (user === null) throw new Refusal(REPLY.forbidden, 'Only users belong to rooms.')
  const reached = parts.readRate.over(holder)
  if (reached !== null) throw reached.refusal
  const rooms: string[] = []
  let bytes = 0
  let place = before
  const answered = (next: RoomPlace | null): string => {
    const json = `{"rooms":[${rooms.join(',')}],"next":${JSON.stringify(next && textOf(next))}}`
    parts.readRate.charge(holder, json.length)
    return json
  }
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await parts.store.rooms({ user, before: place, limit, holder })
    parts.readRate.charge(holder, found.length * LOOK_BYTES)
    for (const room of found) {
      const json = await roomJson(parts, room, identity, holder)
      bytes += json?.length ?? 0
      if (rooms.length > 0 && bytes > ANSWER_BYTES_MAX) return answered(place)
      place = room
      if (json !== null && rooms.push(json) === limit) return answered(place)
    }
    if (found.length < limit) return answered(null)
  }
  return answered(place)
}

/** As `placeIn` reads it. */
function textOf({ time, room }: RoomPlace): string {
  return room === null ? String(time) : `${time},${room}`
}

/** `<time>`, or `<time>,<room>` as `next` says it. */
export function placeIn(text: string): RoomPlace {
  const [time, room = null] = text.split(',')
  return { time: Number(time), room }
}

/** Null where the user may not join. */
async function roomJson(
  { log, permitted }: RoomsOfUserParts,
  { room, head, delivered, read }: ParticipantRoom,
  identity: Identity,
  holder: Holder,
): Promise<string | null> {
  const rule = await permitted(room, identity).catch(refusedAsNull)
  if (rule === null) return null
  const last = rule.history && (await newest(log, room, rule.history, holder))
  const unread = Math.max(0, head.offset - read)
  const start = JSON.stringify({ room, ...head, read, delivered, unread }).slice(0, -1)
  return `${start},"last":${last}}`
}

async function newest(
  log: MessageLog,
  room: string,
  retention: Retention,
  holder: Holder,
): Promise<string | null> {
  const asker = { queue: 'pages', holder } as const
  const query = { after: null, before: null, limit: 1, bytes: 1, order: 'desc' } as const
  const { messages } = await log.read(room, { ...query, retention, asker })
  const [message] = messages
  return message === undefined ? null : messageJson(message)
}

function refusedAsNull(error: unknown): null {
  if (error instanceof Refusal) return null
  throw error
}
