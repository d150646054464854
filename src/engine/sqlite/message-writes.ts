// The operations of the writer thread on messages: it keeps position, idempotency key and message
// in one transaction, and deletes in slices what a room no longer keeps.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Retention } from '../message-log.ts'
import { DailyUse, NO_QUOTAS, type Quotas } from './daily-use.ts'
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
  /** Writes what at most so many users have used of the day; gives how many it were. */
  keepDailyUse(args: { limit: number }): number
  /** Deletes what was used of former days; see `DailyUse.sweep`. */
  sweepDailyUse(args: { day: number; after: string; limit: number }): string | null
}

type Prepared = Pick<WritingDatabase, 'onKept' | 'onTakenBack'> & { writes: MessageWrites }

export function messageWrites(db: DatabaseSync, quotas: Quotas = NO_QUOTAS): Prepared {
  const rooms = new RoomTable(db)
  const use = new DailyUse(db, quotas)
  const keeper = new Keeper(db, rooms, use)
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
    keepDailyUse: ({ limit }) => use.keep(limit),
    sweepDailyUse: (args) => use.sweep(args),
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
  readonly #use: DailyUse

  constructor(db: DatabaseSync, rooms: RoomTable, use: DailyUse) {
    this.#rooms = rooms
    this.#use = use
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
    this.#use.settle()
  }

  /** MUST be called when the transaction was taken back: what is in memory goes back too. */
  takenBack(): void {
    this.#keys.takeBack()
    this.#use.takeBack()
    this.#rooms.forget()
  }

  #keepAll(drafts: PackedDrafts): PackedAnswers {
    const rows = drafts.rooms.map((name, room) => this.#rooms.open(name, retentionOf(drafts, room)))
    const answers: PackedAnswers = { epochs: [], offset: [], repeats: new Map() }
    for (let index = 0; index < drafts.room.length; index += 1) {
      answers.offset.push(this.#keepOne(drafts, index, rows, answers.repeats))
    }
    const incarnation = String(this.#incarnation.get()?.value)
    answers.epochs = rows.map((row) => (row === null ? '' : epochOf(incarnation, row.generation)))
    return answers
  }

  /** The offset of a draft, or why it was not kept. */
  #keepOne(
    drafts: PackedDrafts,
    index: number,
    rows: Rows,
    repeats: PackedAnswers['repeats'],
  ): number {
    const time = drafts.time[index] ?? 0
    const payload = payloadAt(drafts, index)
    const hashed = hashedKeyOf(drafts, index, payload)
    const first = hashed && this.#keys.find(hashed, time)
    if (first) {
      if (!first.same) return NOT_KEPT.otherBody
      repeats.set(index, first.time)
      return first.offset
    }
    const sender = drafts.sender[index] ?? -1
    const holder = drafts.holders[sender] ?? null
    if (hashed && this.#keys.isFull(time, holder === null)) return NOT_KEPT.tooManyKeys
    const room = drafts.room[index] ?? 0
    const known = rows[room] ?? null
    const over = holder && this.#use.take(holder, time, payload.length, known === null)
    if (over) return NOT_KEPT[over]
    const row = known ?? this.#rooms.create(drafts.rooms[room] ?? '', retentionOf(drafts, room))
    rows[room] = row
    const offset = row.newest + 1
    const values = [row.id, offset, time, drafts.kind[index] ?? 'binary'] as const
    const { lastInsertRowid } = this.#insert.run(
      ...values,
      drafts.users[sender] ?? null,
      payload,
      hashed?.key ?? null,
      hashed?.body ?? null,
      drafts.names[sender] ?? null,
    )
    if (hashed) this.#keys.add(hashed, { id: Number(lastInsertRowid), time })
    row.newest = offset
    return offset
  }
}

function hashedKeyOf({ key, kind }: PackedDrafts, index: number, payload: Uint8Array) {
  const name = key[index] ?? null
  return name === null ? null : hashKey(name, kind[index] ?? 'binary', payload)
}

/** The row of each room of the drafts; null while the room does not exist. */
type Rows = (RoomRow | null)[]

function retentionOf({ rooms, retentions }: PackedDrafts, room: number): Retention {
  const retention = retentions[room]
  if (retention === undefined) throw new Error(`No retention came with ${rooms[room]}.`)
  return retention
}
