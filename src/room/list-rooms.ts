// The rooms of this service by name, for operators: those of which something is kept, and those
// that only have members.
import type { MessageLog, RoomQuery } from '../engine/message-log.ts'

export interface ListedRoom {
  room: string
  /** The newest position; both are null where nothing is kept. */
  epoch: string | null
  offset: number | null
  members: number
}

/** Some rooms, and after which name the next page begins. */
export interface RoomList {
  rooms: ListedRoom[]
  /** Null on the last page. */
  next: string | null
}

/** A room that has members now. */
export interface LiveRoom {
  readonly name: string
  readonly members: number
}

/** `live` are the open rooms, in any order. */
export async function listRooms(
  log: MessageLog,
  live: Iterable<LiveRoom>,
  { after, limit, holder }: RoomQuery,
): Promise<RoomList> {
  // One more than asked for says whether there is a next page.
  const kept = await log.list({ after, limit: limit + 1, holder })
  const listed = new Map<string, ListedRoom>()
  for (const { room, head } of kept) listed.set(room, { room, ...head, members: 0 })
  for (const { name, members } of firstOf(live, after, limit + 1)) {
    const { epoch = null, offset = null } = listed.get(name) ?? {}
    listed.set(name, { room: name, epoch, offset, members })
  }
  const rooms = [...listed.values()].sort((a, b) => (a.room < b.room ? -1 : 1))
  const hasMore = rooms.length > limit
  const page = rooms.slice(0, limit)
  return { rooms: page, next: hasMore ? (page.at(-1)?.room ?? null) : null }
}

/** The first rooms with members by name, without sorting all of them. */
function firstOf(live: Iterable<LiveRoom>, after: string | null, most: number): LiveRoom[] {
  const first: LiveRoom[] = []
  for (const room of live) {
    const last = first.length < most ? null : (first.at(-1)?.name ?? null)
    const isIn = room.members > 0 && (after === null || room.name > after)
    if (!isIn || (last !== null && room.name > last)) continue
    first.splice(placeOf(first, room.name), 0, room)
    if (first.length > most) first.pop()
  }
  return first
}

/** Where this name comes among names in order. */
function placeOf(rooms: readonly LiveRoom[], name: string): number {
  let [low, high] = [0, rooms.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((rooms[middle]?.name ?? '') < name) low = middle + 1
    else high = middle
  }
  return low
}
