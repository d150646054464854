// The operations of the writer thread on messages: it keeps position, idempotency key and message
// in one transaction, and deletes in slices what a room no longer keeps.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { BatchFault, reasonOf } from './errors.ts'
import { hashKey, SqliteKeys } from './idempotency-keys.ts'
import { NOT_KEPT, type PackedAnswers, type PackedDrafts, payloadAt } from './packed-drafts.ts'
import { type Trim, type Trimmed, trimmer } from './retention.ts'
import { epochOf, type RoomRow, RoomTable } from './rooms.ts'
import type { WritingDatabase } from './worker.ts'

export type MessageWrites = {
  keepMessages(drafts: PackedDrafts): PackedAnswers
  redactMessage(args: { room: string; offset: number; now: number }): boolean
  /** Deletes messages that their rooms no longer keep. */
  trimMessages(trim: Trim): Trimmed
}

export function messageWrites(db: DatabaseSync): Pick<WritingDatabase, 'onKept' | 'onTakenBack'> & {
  writes: MessageWrites
} {
  const rooms = new RoomTable(db)
  const keeper = new Keeper(db, rooms)
  const redact = db.prepare(`
    UPDATE messages SET payload = x'', name = NULL, redacted_at = :now
    WHERE room = (SELECT id FROM rooms WHERE name = :room) AND "offset" = :offset
      AND redacted_at IS NULL`)
  const countRedaction = db.prepare('UPDATE rooms SET redactions = redactions + 1 WHERE name = ?')
  const writes: MessageWrites = {
    keepMessages: (drafts) => keeper.keep(drafts),
    redactMessage(args) {
      if (redact.run(args).changes === 0) return false
      countRedaction.run(args.room)
      return true
    },
    trimMessages: trimmer(db, rooms),
  }
  return {
    writes,
    onKept: () => keeper.kept(),
    onTakenBack: () => keeper.takenBack(),
  }
}

class Keeper {
  readonly #rooms: RoomTable
  readonly #insert: StatementSync
  readonly #keys: SqliteKeys
  readonly #incarnation: StatementSync

  constructor(db: DatabaseSync, rooms: RoomTable) {
    this.#rooms = rooms
    this.#keys = new SqliteKeys(db)
    this.#insert = db.prepare(`
      INSERT INTO messages (room, "offset", time, kind, user, payload, key_hash, key_body, name)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#incarnation = db.prepare("SELECT value FROM meta WHERE name = 'incarnation'")
  }

  /** Keeps all drafts or none, together with the rest of the transaction. */
  keep(drafts: PackedDrafts): PackedAnswers {
    try {
      return this.#keepAll(drafts)
    } catch (error) {
      // A savepoint could take back these drafts alone, but would copy every page that they touch.
      throw new BatchFault(reasonOf(error), { cause: error })
    }
  }

  kept(): void {
    this.#keys.settle()
  }

  /** MUST be called when the transaction was taken back: rooms and keys in memory go back too. */
  takenBack(): void {
    this.#keys.takeBack()
    this.#rooms.forget()
  }

  #keepAll(drafts: PackedDrafts): PackedAnswers {
    const rows = drafts.rooms.map((name, index) => this.#openRoom(drafts, name, index))
    const incarnation = String(this.#incarnation.get()?.value)
    const answers: PackedAnswers = {
      epochs: rows.map(({ generation }) => epochOf(incarnation, generation)),
      offset: [],
      repeats: new Map(),
    }
    for (const [index, room] of drafts.room.entries()) {
      const row = rows[room]
      if (row !== undefined) this.#keepOne(drafts, { index, row, answers })
    }
    return answers
  }

  #openRoom({ retentions }: PackedDrafts, name: string, index: number): RoomRow {
    const retention = retentions[index]
    if (retention === undefined) throw new Error(`No retention came with the room ${name}.`)
    return this.#rooms.open(name, retention)
  }

  #keepOne(drafts: PackedDrafts, { index, row, answers }: Place): void {
    const time = drafts.time[index] ?? 0
    const kind = drafts.kind[index] ?? 'binary'
    const payload = payloadAt(drafts, index)
    const key = drafts.key[index] ?? null
    const hashed = key === null ? null : hashKey(key, kind, payload)
    const first = hashed && this.#keys.find(hashed, time)
    if (first) {
      answers.offset.push(first.same ? first.offset : NOT_KEPT.otherBody)
      if (first.same) answers.repeats.set(index, first.time)
      return
    }
    if (hashed && this.#keys.isFull(time)) {
      answers.offset.push(NOT_KEPT.tooManyKeys)
      return
    }
    const offset = row.newest + 1
    const sender = drafts.sender[index] ?? -1
    const user = drafts.users[sender] ?? null
    const values = [row.id, offset, time, kind, user, payload] as const
    const { lastInsertRowid } = this.#insert.run(
      ...values,
      hashed?.key ?? null,
      hashed?.body ?? null,
      drafts.names[sender] ?? null,
    )
    if (hashed) this.#keys.add(hashed, { id: Number(lastInsertRowid), time })
    row.newest = offset
    answers.offset.push(offset)
  }
}

interface Place {
  index: number
  row: RoomRow
  answers: PackedAnswers
}
