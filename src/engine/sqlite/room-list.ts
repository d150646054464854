// The operation of the reader thread that lists rooms, for operators.
import type { DatabaseSync } from 'node:sqlite'
import type { KeptRoom, RoomQuery } from '../message-log.ts'
import { epochOf, ROOM_COLUMNS, type RoomRow } from './rooms.ts'

export type RoomListReads = ReturnType<typeof roomListReads>

export function roomListReads(db: DatabaseSync) {
  // Rooms that are deleted and still have a row come before all others.
  const some = db.prepare(`
    SELECT name AS room, ${ROOM_COLUMNS} FROM rooms
    WHERE name > :after AND name > '%' ORDER BY name LIMIT :limit`)
  const incarnation = db.prepare("SELECT value FROM meta WHERE name = 'incarnation'")

  return {
    listRooms({ after, limit }: Omit<RoomQuery, 'holder'>): KeptRoom[] {
      const store = String(incarnation.get()?.value)
      const rows = some.all({ after: after ?? '', limit }) as unknown as (RoomRow & KeptRoom)[]
      return rows.map(({ room, generation, newest }) => ({
        room,
        head: { epoch: epochOf(store, generation), offset: newest },
      }))
    },
  }
}
