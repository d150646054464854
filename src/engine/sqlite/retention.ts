// Deletes messages that rooms no longer keep, a slice at a time, and rooms that were empty for
// long.
import type { DatabaseSync } from 'node:sqlite'
import { KEYED_AGE_MS } from './idempotency-keys.ts'
import type { RoomRow, RoomTable } from './rooms.ts'

/** Which messages to delete: at most `rows`, going on after room `cursor`. */
export interface Trim {
  now: number
  rows: number
  cursor: number
}

/** The room to go on after, 0 for the start, and how many messages were deleted. */
export interface Trimmed {
  cursor: number
  deleted: number
}

const TRIMMED_ROOMS = 256
/** A room that was empty for so long is forgotten, and begins a new epoch. */
const FORGOTTEN_MS = 30 * 86_400_000

type TrimmedRoom = RoomRow & { shownFrom: number; emptySince: number | null }

/** Looks at the oldest messages of some rooms in turn; messages that a room still keeps stay. */
export function trimmer(db: DatabaseSync, rooms: RoomTable): (trim: Trim) => Trimmed {
  const some = db.prepare(`
    SELECT id, messages_max AS messagesMax, age_max_ms AS ageMaxMs,
           shown_from AS shownFrom, empty_since AS emptySince,
           coalesce((SELECT max("offset") FROM messages WHERE room = rooms.id), 0) AS newest
    FROM rooms WHERE id > :cursor ORDER BY id LIMIT ${TRIMMED_ROOMS}`)
  const noteWhetherEmpty = emptinessOf(db, rooms)
  const trimRoom = roomTrimmer(db)

  return ({ now, rows, cursor }) => {
    let deleted = 0
    const found = some.all({ cursor }) as unknown as TrimmedRoom[]
    for (const room of found) {
      noteWhetherEmpty(room, now)
      if (room.newest > 0) deleted += trimRoom(room, { now, rows: rows - deleted })
      // This room may have more to delete: the next slice begins with it again.
      if (deleted >= rows) return { cursor: room.id - 1, deleted }
    }
    return { cursor: found.length < TRIMMED_ROOMS ? 0 : (found.at(-1)?.id ?? 0), deleted }
  }
}

/**
 * Deletes what a room no longer keeps, by count or by age, and only what stands before the first
 * message that it keeps: that one is shown, and pages have no holes, also where the clock was set
 * back between two messages. A message with a key stays for its window, but is not shown again.
 */
function roomTrimmer(db: DatabaseSync) {
  const first = db.prepare(`
    SELECT "offset", time FROM messages WHERE room = :id AND "offset" >= :from
    ORDER BY "offset" LIMIT 1`)
  const firstKept = db.prepare(`
    SELECT coalesce(min(iif("offset" > :last AND time >= :since, "offset", NULL)),
                    max("offset") + 1) AS "offset"
    FROM (SELECT "offset", time FROM messages WHERE room = :id AND "offset" >= :from
          ORDER BY "offset" LIMIT :rows)`)
  const note = db.prepare(`
    UPDATE rooms SET newest = max(newest, :newest), shown_from = :before WHERE id = :id`)
  const remove = db.prepare(`
    DELETE FROM messages WHERE id IN
      (SELECT id FROM messages WHERE room = :id AND "offset" >= :from AND "offset" < :before
       ORDER BY "offset" LIMIT :rows)
      AND (key_hash IS NULL OR time < :keyedSince)`)

  return ({ id, shownFrom, ...room }: TrimmedRoom, { now, rows }: Omit<Trim, 'cursor'>): number => {
    const since = room.ageMaxMs === null ? 0 : now - room.ageMaxMs
    const last = room.newest - room.messagesMax
    const keyedSince = now - KEYED_AGE_MS
    const firstFrom = (from: number) =>
      first.get({ id, from }) as { offset: number; time: number } | undefined
    const removed = (from: number, before: number, most: number) =>
      Number(remove.run({ id, from, before, keyedSince, rows: most }).changes)

    const shown = firstFrom(shownFrom)
    let deleted = 0
    if (shown !== undefined && (shown.offset <= last || shown.time < since)) {
      const before = Number(firstKept.get({ id, from: shownFrom, last, since, rows })?.offset)
      note.run({ id, newest: room.newest, before })
      deleted = removed(shownFrom, before, rows)
    }
    const oldest = firstFrom(0)
    const isOver = oldest !== undefined && oldest.offset < shownFrom && oldest.time < keyedSince
    return isOver ? deleted + removed(0, shownFrom, rows - deleted) : deleted
  }
}

/** Remembers since when a room is empty, and forgets it after a long time. */
function emptinessOf(db: DatabaseSync, rooms: RoomTable) {
  const mark = db.prepare('UPDATE rooms SET empty_since = :since WHERE id = :id')
  const forget = db.prepare('DELETE FROM rooms WHERE id = :id')
  const nextGeneration = db.prepare(
    "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'",
  )

  return ({ id, newest, emptySince }: TrimmedRoom, now: number): void => {
    if (newest > 0) {
      if (emptySince !== null) mark.run({ id, since: null })
    } else if (emptySince === null) {
      mark.run({ id, since: now })
    } else if (now - emptySince > FORGOTTEN_MS) {
      // Its offsets begin at 1 again: the new epoch tells clients that remember a position.
      nextGeneration.run()
      forget.run({ id })
      rooms.forget()
    }
  }
}
