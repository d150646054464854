// The rooms of a store, as its writer needs them: the row of each, and the offset that comes next.
import type { DatabaseSync } from 'node:sqlite'
import type { Retention } from '../message-log.ts'

/** A room's row, with the newest offset of its messages. */
export interface RoomRow {
  id: number
  name: string
  generation: number
  /** How many rooms were deleted before it began: part of its idempotency keys. */
  deletions: number
  newest: number
  /** The retention in force: a changed rule comes in by `Trimmer`. */
  messagesMax: number
  ageMaxMs: number | null
  /** Offsets before this one are not shown. */
  shownFrom: number
  /** When the room is looked at for what it no longer keeps; a few messages may be late. */
  dueAt: number
}

export type NextRoom = Pick<RoomRow, 'generation' | 'deletions'>

/** Rows held in memory at most; others are read again when they are needed. */
const HELD_MAX = 50_000
/** The longest time between two looks at a room; also that at an empty one. */
export const WAIT_MAX_MS = 86_400_000

/** The row of a room and its newest offset, also when all its messages are deleted. */
export const ROOM_COLUMNS = `
  id, name, generation, deletions, messages_max AS messagesMax, age_max_ms AS ageMaxMs,
  shown_from AS shownFrom, due_at AS dueAt,
  max(newest, coalesce((SELECT max("offset") FROM messages WHERE room = rooms.id), 0)) AS newest`

/**
 * The epoch of a room: it names the store and, for a room begun again, which time, that offsets
 * belong to.
 */
export function epochOf(incarnation: string, generation: number): string {
  return generation === 0 ? incarnation : `${incarnation}.${generation}`
}

/** How long a room may wait for its next look: a message that comes now is not due before. */
export function waitOf({ ageMaxMs }: Pick<RoomRow, 'ageMaxMs'>): number {
  return Math.min(ageMaxMs ?? WAIT_MAX_MS, WAIT_MAX_MS)
}

/** The retention that is in force in a room. */
export function retentionIn({ messagesMax: messages, ageMaxMs: ageMs }: RoomRow): Retention {
  return { messages, ageMs }
}

export function isSame(one: Retention, other: Retention): boolean {
  return one.messages === other.messages && one.ageMs === other.ageMs
}

export class RoomTable {
  readonly #held = new Map<string, RoomRow>()
  readonly #find
  readonly #insert
  readonly #next
  readonly #incarnation

  constructor(db: DatabaseSync) {
    this.#find = db.prepare(`SELECT ${ROOM_COLUMNS} FROM rooms WHERE name = :name`)
    this.#insert = db.prepare(`
      INSERT INTO rooms (name, generation, deletions, newest, messages_max, age_max_ms, due_at)
      VALUES (:name, :generation, :deletions, 0, :messagesMax, :ageMaxMs, :dueAt)`)
    this.#incarnation = db.prepare("SELECT value FROM meta WHERE name = 'incarnation'")
    this.#next = db.prepare(`
      SELECT CAST(generation.value AS INTEGER) AS generation,
             CAST(deletions.value AS INTEGER) AS deletions
      FROM meta AS generation, meta AS deletions
      WHERE generation.name = 'generation' AND deletions.name = 'deletions'`)
  }

  /** The row to append to; null when the room is new. */
  open(name: string): RoomRow | null {
    return this.#held.get(name) ?? this.#load(name)
  }

  epochOf({ generation }: Pick<RoomRow, 'generation'>): string {
    return epochOf(String(this.#incarnation.get()?.value), generation)
  }

  /** What a room that is created now will have. */
  get next(): NextRoom {
    return { ...(this.#next.get() as unknown as NextRoom) }
  }

  create(name: string, { messages, ageMs }: Retention, now: number): RoomRow {
    const dueAt = now + waitOf({ ageMaxMs: ageMs })
    const rest = { ...this.next, messagesMax: messages, ageMaxMs: ageMs, dueAt }
    const { lastInsertRowid } = this.#insert.run({ name, ...rest })
    const id = Number(lastInsertRowid)
    return this.#hold(name, { id, name, newest: 0, shownFrom: 1, ...rest })
  }

  /** The row of a room was changed. */
  changed({ name, messagesMax, ageMaxMs, shownFrom, dueAt }: RoomRow): void {
    const row = this.#held.get(name)
    if (row !== undefined) Object.assign(row, { messagesMax, ageMaxMs, shownFrom, dueAt })
  }

  /**
   * MUST be called when a transaction was taken back or a room deleted: the rows in memory may not
   * be in the store.
   */
  forget(): void {
    this.#held.clear()
  }

  #load(name: string): RoomRow | null {
    const row = this.#find.get({ name }) as RoomRow | undefined
    return row === undefined ? null : this.#hold(name, { ...row })
  }

  #hold(name: string, row: RoomRow): RoomRow {
    if (this.#held.size >= HELD_MAX) this.#held.clear()
    this.#held.set(name, row)
    return row
  }
}
