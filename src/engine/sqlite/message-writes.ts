// The operations of the writer thread on messages: it keeps position, idempotency key and message
// in one transaction, and deletes in slices what a room no longer keeps.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { systemClock } from '../../time/system-clock.ts'
import type { Retention } from '../message-log.ts'
import { DailyUse, NO_QUOTAS, type Quotas } from './daily-use.ts'
import { type DeletedRoomWrites, deletedRoomWrites } from './deleted-rooms.ts'
import { BatchFault, reasonOf } from './errors.ts'
import { ANY_NUMBER, type KeyBounds, SqliteKeys } from './idempotency-keys.ts'
import { type First, hashKey } from './key-entry.ts'
import { newOffsetsUnderway, type OffsetsUnderway } from './offsets-underway.ts'
import { NOT_KEPT, type PackedAnswers, type PackedDrafts, payloadAt } from './packed-drafts.ts'
import {
  authorMover,
  type MoveAuthor,
  type ReceiptWrites,
  receiptWrites,
} from './receipt-writes.ts'
import { type Trim, type Trimmed, Trimmer } from './retention.ts'
import { RoomTrim } from './room-trim.ts'
import { epochOf, isSame, type NextRoom, type RoomRow, RoomTable, retentionIn } from './rooms.ts'
import { TrimQueue } from './trim-queue.ts'
import { type UserRedactionWrites, userRedactionWrites } from './user-redactions.ts'
import type { WritingDatabase } from './worker.ts'

export type MessageWrites = DeletedRoomWrites &
  ReceiptWrites &
  UserRedactionWrites & {
    keepMessages(drafts: PackedDrafts): PackedAnswers
    /** Only in this epoch, where one is given: offsets of another are other messages. */
    redactMessage(args: Redaction): boolean
    /** Deletes messages that their rooms no longer keep. */
    trimMessages(trim: Trim): Trimmed
    /** What the rules of these rooms say now; `trimMessages` puts it in force. */
    changeRetentions(changes: RetentionChange[]): void
    /** The rules of this digest are in force in all rooms, and need not be looked at again. */
    noteRules(args: { digest: string }): void
    /** Writes what at most so many users have used of the day; gives how many it were. */
    keepDailyUse(args: { limit: number }): number
    /** Deletes what was used of former days; see `DailyUse.sweep`. */
    sweepDailyUse(args: { day: number; after: string; limit: number }): string | null
    /** Does a part of what is to be done about keys; see `SqliteKeys.tend`. */
    tendKeys(args: { openMs: number }): boolean
  }

interface Redaction {
  room: string
  offset: number
  epoch?: string | undefined
  now: number
}

/** The rule of a room keeps more or less than it did. */
export interface RetentionChange {
  room: string
  retention: Retention
}

type Prepared = Pick<WritingDatabase, 'onKept' | 'onTakenBack'> & { writes: MessageWrites }

export interface WritesParts {
  quotas?: Quotas
  keyBounds?: KeyBounds
  /** Where the first offsets of the commit under way are noted. */
  offsets?: OffsetsUnderway
  /** What bounds the time of a slice of `trimMessages`. */
  elapsed?: () => number
}

export function messageWrites(db: DatabaseSync, parts: WritesParts = {}): Prepared {
  const { quotas = NO_QUOTAS, keyBounds = ANY_NUMBER, elapsed = systemClock.elapsed } = parts
  const { offsets = newOffsetsUnderway() } = parts
  const rooms = new RoomTable(db)
  const use = new DailyUse(db, quotas)
  const keys = new SqliteKeys(db, keyBounds)
  const queue = new TrimQueue()
  const trim = new RoomTrim(db, rooms)
  const keeper = new Keeper(db, {
    rooms,
    use,
    keys,
    trim,
    queue,
    offsets,
    moveAuthor: authorMover(db),
  })
  const trimmer = new Trimmer(db, { trim, queue, elapsed })
  const noteRules = db.prepare("INSERT OR REPLACE INTO meta VALUES ('rules', :digest)")
  const redact = db.prepare(`
    UPDATE messages SET payload = x'', name = NULL, redacted_at = :now
    WHERE room = :id AND "offset" = :offset AND redacted_at IS NULL`)
  const countRedaction = db.prepare('UPDATE rooms SET redactions = redactions + 1 WHERE id = ?')
  const writes: MessageWrites = {
    keepMessages: (drafts) => keeper.keep(drafts),
    redactMessage({ room, offset, epoch, now }) {
      const row = rooms.open(room)
      if (row === null || (epoch ?? rooms.epochOf(row)) !== rooms.epochOf(row)) return false
      if (redact.run({ id: row.id, offset, now }).changes === 0) return false
      countRedaction.run(row.id)
      return true
    },
    trimMessages: (trim) => trimmer.slice(trim),
    changeRetentions(changes) {
      for (const { room, retention } of changes) queue.change(room, retention)
    },
    noteRules: (args) => void noteRules.run(args),
    ...deletedRoomWrites(db, rooms),
    ...userRedactionWrites(db),
    ...receiptWrites(db, { rooms, use }),
    keepDailyUse: ({ limit }) => use.keep(limit),
    sweepDailyUse: (args) => use.sweep(args),
    tendKeys: (args) => keys.tend(args),
  }
  return {
    writes,
    onKept() {
      keeper.kept()
      trimmer.settle()
    },
    onTakenBack() {
      keeper.takenBack()
      trimmer.takeBack()
    },
  }
}

interface KeeperParts {
  rooms: RoomTable
  use: DailyUse
  keys: SqliteKeys
  trim: RoomTrim
  queue: TrimQueue
  offsets: OffsetsUnderway
  moveAuthor: MoveAuthor
}

class Keeper {
  readonly #rooms: RoomTable
  readonly #trim: RoomTrim
  readonly #queue: TrimQueue
  readonly #offsets: OffsetsUnderway
  readonly #insert: StatementSync
  readonly #keys: SqliteKeys
  readonly #incarnation: StatementSync
  readonly #use: DailyUse
  readonly #moveAuthor: MoveAuthor
  /**
   * The id of the newest message. Ids are given here, and none twice: the database would give that
   * of a deleted message again, and hide the new one where the former's user was redacted.
   */
  #lastId: number

  constructor(db: DatabaseSync, parts: KeeperParts) {
    const { rooms, use, keys, trim, queue, offsets, moveAuthor } = parts
    this.#moveAuthor = moveAuthor
    this.#rooms = rooms
    this.#trim = trim
    this.#queue = queue
    this.#offsets = offsets
    this.#use = use
    this.#keys = keys
    this.#insert = db.prepare(`
      INSERT INTO messages (id, room, "offset", time, kind, user, payload, name)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
    const newest = db.prepare(`
      SELECT max(coalesce((SELECT max(id) FROM messages), 0),
                 coalesce((SELECT max(up_to) FROM user_redactions), 0)) AS id`)
    this.#lastId = Number(newest.get()?.id)
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
    const now = drafts.time[0] ?? 0
    const rows = drafts.rooms.map((name, room) => this.#open(name, retentionOf(drafts, room), now))
    const answers: PackedAnswers = { epochs: [], offset: [], repeats: new Map(), moved: [] }
    const firsts = new Map<number, First>()
    for (let index = 0; index < drafts.room.length; index += 1) {
      const offset = this.#keepOne(drafts, index, rows, firsts)
      answers.offset.push(offset)
      const author = drafts.authors[drafts.sender[index] ?? -1] ?? null
      const room = drafts.room[index] ?? 0
      const id = rows[room]?.id
      if (author === null || id === undefined || offset <= NOT_KEPT.otherBody) continue
      if (!firsts.has(index) && this.#moveAuthor(id, author, offset)) answers.moved.push(room)
    }
    this.#keys.log()
    const incarnation = String(this.#incarnation.get()?.value)
    for (const [index, { time, generation }] of firsts) {
      answers.repeats.set(index, { epoch: epochOf(incarnation, generation), time })
    }
    answers.epochs = rows.map((row) => (row === null ? '' : epochOf(incarnation, row.generation)))
    return answers
  }

  /** The row of a room, whose rule may have changed; null while it does not exist. */
  #open(name: string, retention: Retention, now: number): RoomRow | null {
    const row = this.#rooms.open(name)
    if (row === null || isSame(retentionIn(row), retention)) return row
    this.#trim.putInForce(row, retention, now)
    return row
  }

  /** The offset of a draft, or why it was not kept. */
  #keepOne(drafts: PackedDrafts, index: number, rows: Rows, firsts: Map<number, First>): number {
    const time = drafts.time[index] ?? 0
    const payload = payloadAt(drafts, index)
    const room = drafts.room[index] ?? 0
    const known = rows[room] ?? null
    const hashed = hashedKeyOf(drafts, index, payload, known ?? this.#rooms.next)
    const first = hashed && this.#keys.find(hashed)
    if (first) {
      if (!first.same) return NOT_KEPT.otherBody
      firsts.set(index, first)
      return first.offset
    }
    const sender = drafts.sender[index] ?? -1
    const holder = drafts.holders[sender] ?? null
    const keyAddress = drafts.keyAddresses[sender] ?? null
    if (hashed) {
      if (this.#keys.isFull(holder === null)) return NOT_KEPT.tooManyKeys
      const may = holder === null || this.#use.mayKeepKey(holder, keyAddress, time)
      if (!may) return NOT_KEPT.keysOfDay
    }
    const over = holder && this.#use.take(holder, time, payload.length, known === null)
    if (over) return NOT_KEPT[over]
    const row =
      known ?? this.#rooms.create(drafts.rooms[room] ?? '', retentionOf(drafts, room), time)
    rows[room] = row
    const offset = row.newest + 1
    const values = [row.id, offset, time, drafts.kind[index] ?? 'binary'] as const
    const [user, name] = [drafts.users[sender] ?? null, drafts.names[sender] ?? null]
    this.#lastId += 1
    this.#insert.run(this.#lastId, ...values, user, payload, name)
    if (hashed) {
      this.#keys.add(hashed, { offset, time, generation: row.generation })
      if (holder !== null) this.#use.countKey(holder, keyAddress, time)
    }
    row.newest = offset
    this.#queue.published(row, time)
    if (this.#offsets[room] === 0) this.#offsets[room] = offset
    return offset
  }
}

/** A key goes with its room: where the room was deleted and begins again, it is another one. */
function hashedKeyOf(
  { key, kind }: PackedDrafts,
  index: number,
  payload: Uint8Array,
  { deletions }: NextRoom,
) {
  const name = key[index] ?? null
  if (name === null) return null
  const inRoom = deletions === 0 ? name : `${deletions} ${name}`
  return hashKey(inRoom, kind[index] ?? 'binary', payload)
}

/** The row of each room of the drafts; null while the room does not exist. */
type Rows = (RoomRow | null)[]

function retentionOf({ rooms, retentions }: PackedDrafts, room: number): Retention {
  const retention = retentions[room]
  if (retention === undefined) throw new Error(`No retention came with ${rooms[room]}.`)
  return retention
}
