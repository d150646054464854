// Deleting a room: it loses its name at once, so that the next message begins a new room of that
// name, and a job deletes its messages and participants, a part at a time, before it deletes the
// row.
import type { DatabaseSync } from 'node:sqlite'
import type { Position } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import { unitsOf } from './deletion-units.ts'
import { inSlices } from './periodic-job.ts'
import { ROOM_COLUMNS, type RoomRow, type RoomTable } from './rooms.ts'
import type { SqliteThread } from './thread.ts'

const EVERY_MS = 1_000
/** Units per slice: some milliseconds of the writing thread. */
const SLICE = 1_000

/** No client can name a room so: deleted rooms have it and their number for a name. */
const DELETED = '$'
/** Finds the rows of deleted rooms, by the index on names. */
const IS_DELETED = `name >= '${DELETED}' AND name < '%'`

export type DeletedRoomReads = ReturnType<typeof deletedRoomReads>
export type DeletedRoomWrites = ReturnType<typeof deletedRoomWrites>

export function deletedRoomReads(db: DatabaseSync) {
  const find = db.prepare(`SELECT id FROM rooms WHERE ${IS_DELETED} LIMIT 1`)
  return {
    /** The id of a room that is deleted and still has a row. */
    deletedRoom(): number | null {
      return (find.get()?.id as number | undefined) ?? null
    },
  }
}

export function deletedRoomWrites(db: DatabaseSync, rooms: RoomTable) {
  const find = db.prepare(`SELECT ${ROOM_COLUMNS} FROM rooms WHERE name = :room`)
  const next = db.prepare(`
    UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name IN ('generation', 'deletions')`)
  const rename = db.prepare(`UPDATE rooms SET name = '${DELETED}' || id WHERE id = :id`)
  const sizes = db.prepare(`
    SELECT "offset", length(payload) AS bytes FROM messages
    WHERE room = :id ORDER BY "offset" LIMIT ${SLICE}`)
  const removeUpTo = db.prepare('DELETE FROM messages WHERE room = :id AND "offset" <= :to')
  const removeSome = db.prepare(`
    DELETE FROM participants WHERE room = :id AND user IN
      (SELECT user FROM participants WHERE room = :id LIMIT ${SLICE})`)
  const removeRow = db.prepare(`DELETE FROM rooms WHERE id = :id AND ${IS_DELETED}`)

  /** The last message of a slice; null where there is none. */
  const endOfSlice = (id: number): number | null => {
    let end: number | null = null
    let units = 0
    for (const row of sizes.iterate({ id })) {
      const { offset, bytes } = row as { offset: number; bytes: number }
      end = offset
      units += unitsOf(bytes)
      if (units >= SLICE) break
    }
    return end
  }

  return {
    /** The last position of the room that is deleted; null when there was none. */
    deleteRoom({ room }: { room: string }): Position | null {
      const row = find.get({ room }) as RoomRow | undefined
      if (row === undefined) return null
      const { id, newest } = row
      rename.run({ id })
      rooms.forget()
      // Offsets begin at 1 again: the new epoch tells clients that remember a position. Keys are
      // other ones too, unlike in a room that was only forgotten.
      next.run()
      return { epoch: rooms.epochOf(row), offset: newest }
    },
    /** Deletes some messages or participants of a deleted room, or its row when it has no more. */
    removeDeleted({ id }: { id: number }): void {
      const to = endOfSlice(id)
      if (to !== null) removeUpTo.run({ id, to })
      else if (removeSome.run({ id }).changes === 0) removeRow.run({ id })
    },
  }
}

interface Threads {
  reader: SqliteThread<DeletedRoomReads>
  writer: SqliteThread<DeletedRoomWrites>
}

/** Returns how to stop. */
export function removeDeletedRooms(clock: Clock, { reader, writer }: Threads): () => void {
  const some = async (): Promise<boolean> => {
    const id = await reader.call('deletedRoom', undefined)
    if (id !== null) await writer.call('removeDeleted', { id })
    return id !== null
  }
  return inSlices(clock, EVERY_MS, [some])
}
