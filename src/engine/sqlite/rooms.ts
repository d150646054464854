// The rooms of a store, as its writer needs them: the row of each, and the offset that comes next.
import type { DatabaseSync } from 'node:sqlite'
import type { Retention } from '../message-log.ts'

/** A room's row, with the newest offset of its messages. */
export interface RoomRow {
  id: number
  generation: number
  newest: number
  messagesMax: number
  ageMaxMs: number | null
}

/** Rows held in memory at most; others are read again when they are needed. */
const HELD_MAX = 50_000

/** The row of a room and its newest offset, also when all its messages are deleted. */
export const ROOM_COLUMNS = `
  id, generation, messages_max AS messagesMax, age_max_ms AS ageMaxMs,
  max(newest, coalesce((SELECT max("offset") FROM messages WHERE room = rooms.id), 0)) AS newest`

/**
 * The epoch of a room: it names the store and, for a room begun again, which time, that offsets
 * belong to.
 */
export function epochOf(incarnation: string, generation: number): string {
  return generation === 0 ? incarnation : `${incarnation}.${generation}`
}

export class RoomTable {
  readonly #held = new Map<string, RoomRow>()
  readonly #find
  readonly #insert
  readonly #keep
  readonly #generation

  constructor(db: DatabaseSync) {
    this.#find = db.prepare(`SELECT ${ROOM_COLUMNS} FROM rooms WHERE name = :name`)
    this.#insert = db.prepare(`
      INSERT INTO rooms (name, generation, newest, messages_max, age_max_ms)
      VALUES (:name, :generation, 0, :messagesMax, :ageMaxMs)`)
    this.#keep = db.prepare(`
      UPDATE rooms SET messages_max = :messagesMax, age_max_ms = :ageMaxMs WHERE id = :id`)
    this.#generation = db.prepare("SELECT value FROM meta WHERE name = 'generation'")
  }

  /** The row to append to, with this retention stored in it; null when the room is new. */
  open(name: string, retention: Retention): RoomRow | null {
    const row = this.#held.get(name) ?? this.#load(name)
    if (row === null) return null
    const { messages, ageMs } = retention
    if (row.messagesMax !== messages || row.ageMaxMs !== ageMs) {
      row.messagesMax = messages
      row.ageMaxMs = ageMs
      this.#keep.run({ id: row.id, messagesMax: messages, ageMaxMs: ageMs })
    }
    return row
  }

  create(name: string, { messages, ageMs }: Retention): RoomRow {
    const generation = Number(this.#generation.get()?.value ?? 0)
    const rest = { generation, messagesMax: messages, ageMaxMs: ageMs }
    const { lastInsertRowid } = this.#insert.run({ name, ...rest })
    return this.#hold(name, { id: Number(lastInsertRowid), newest: 0, ...rest })
  }

  /**
   * MUST be called when a transaction was taken back: the rows in memory may not be in the store.
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
