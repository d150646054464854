// The operations of the writer thread on receipts, in one transaction with messages.
import type { DatabaseSync } from 'node:sqlite'
import { PARTICIPANT_BYTES } from '../quotas.ts'
import { AWAY_AFTER_MS, type Owner } from '../receipt-store.ts'
import type { DailyUse } from './daily-use.ts'
import { BatchFault, reasonOf } from './errors.ts'
import { type MoveAnswers, NOT_MOVED, type PackedMoves } from './packed-moves.ts'
import {
  isShownAlike,
  moved,
  NOTED_MS,
  newParticipant,
  type ParticipantRow,
} from './receipt-moves.ts'
import type { RoomRow, RoomTable } from './rooms.ts'

/** A room without messages keeps any, until its rule comes with the first. */
const ANY_NUMBER = { messages: Number.MAX_SAFE_INTEGER, ageMs: null }

export interface SeenUser {
  user: string
  rooms: readonly string[]
}

export type ReceiptWrites = {
  moveReceipts(moves: PackedMoves): MoveAnswers
  /** Participants who are not away are connected. */
  noteSeen(args: { seen: readonly SeenUser[]; now: number }): void
  /** Whether they were one. */
  removeParticipant(args: { room: string; user: string }): boolean
  /** Removes a user from so many rooms at most; gives their names, and whether to go on. */
  removeFromRooms(args: { user: string; limit: number }): { rooms: string[]; more: boolean }
}

interface Parts {
  rooms: RoomTable
  use: DailyUse
}

/** A participant in the open call; `row` is null where the user is none. */
interface Held {
  readonly room: number
  readonly user: string
  row: ParticipantRow | null
  /** Whether the store has a row. */
  isKept: boolean
  isChanged: boolean
}

export function receiptWrites(db: DatabaseSync, { rooms, use }: Parts): ReceiptWrites {
  const sql = statements(db)
  return {
    moveReceipts(moves) {
      try {
        return new Moves(moves, { rooms, use, sql }).make()
      } catch (error) {
        // Half of the moves must not be kept.
        throw new BatchFault(reasonOf(error), { cause: error })
      }
    },
    noteSeen({ seen, now }) {
      const bounds = { now, away: now - AWAY_AFTER_MS, noted: now - NOTED_MS }
      for (const { user, rooms } of seen) {
        for (const room of rooms) sql.seen.run({ user, room, ...bounds })
      }
    },
    removeParticipant({ room, user }) {
      const row = rooms.open(room)
      if (row === null || sql.remove.run({ room: row.id, user }).changes === 0) return false
      sql.count.run({ id: row.id, more: -1 })
      return true
    },
    removeFromRooms({ user, limit }) {
      const some = sql.roomsOf.all({ user, limit }) as { id: number; room: string }[]
      for (const { id } of some) {
        sql.remove.run({ room: id, user })
        sql.count.run({ id, more: -1 })
      }
      return { rooms: some.map(({ room }) => room), more: some.length === limit }
    },
  }
}

/** Moves the receipts of the author of message `offset` of a room; true where any moved. */
export type MoveAuthor = (room: number, user: string, offset: number) => boolean

export function authorMover(db: DatabaseSync): MoveAuthor {
  // No offset of a pair is above the one that is looked at first, and that one is not above
  // the newest message.
  const move = db.prepare(`
    UPDATE participants SET
      own_delivered = :offset,
      own_read = iif(own_read = :before, :offset, own_read),
      delivered = iif(delivered = :before, :offset, delivered),
      read = iif(read = :before, :offset, read)
    WHERE room = :room AND user = :user AND own_delivered = :before`)
  return (room, user, offset) => move.run({ room, user, offset, before: offset - 1 }).changes > 0
}

class Moves {
  readonly #moves: PackedMoves
  readonly #parts: Parts & { sql: ReturnType<typeof statements> }
  readonly #rows: (RoomRow | null)[]
  readonly #held = new Map<string, Held>()
  readonly #changed = new Set<number>()

  constructor(moves: PackedMoves, parts: Parts & { sql: ReturnType<typeof statements> }) {
    this.#moves = moves
    this.#parts = parts
    this.#rows = moves.rooms.map((name) => parts.rooms.open(name))
  }

  make(): MoveAnswers {
    const answers: MoveAnswers = { delivered: [], read: [], changed: [] }
    for (let index = 0; index < this.#moves.room.length; index += 1) {
      const result = this.#makeOne(index)
      answers.delivered.push(typeof result === 'number' ? result : result.ownDelivered)
      answers.read.push(typeof result === 'number' ? 0 : result.ownRead)
    }
    this.#keep()
    answers.changed = [...this.#changed]
    return answers
  }

  /** The participant after the move, or why it was not made. */
  #makeOne(index: number): ParticipantRow | number {
    const { delivered, read, isPrivate, room, owner, owners, time } = this.#moves
    const at = room[index] ?? 0
    const { user, name } = owners[owner[index] ?? 0] as Owner
    const held = this.#participant(at, user)
    const head = this.#rows[at]?.newest ?? 0
    const move = {
      delivered: delivered[index] ?? null,
      read: read[index] ?? null,
      isPrivate: isPrivate[index] === true,
    }
    if (held.row === null) {
      const refused = this.#begin(at, this.#moves.holders[owner[index] ?? 0] ?? null)
      if (refused !== null) return refused
      held.row = moved({ ...newParticipant(move, head, time), name }, move, head)
      held.isChanged = true
      this.#changed.add(at)
      return held.row
    }
    if (move.delivered === null && move.read === null) return held.row
    const next = moved(held.row, move, head)
    const wasAway = held.row.seenAt <= time - AWAY_AFTER_MS
    if (wasAway || !isShownAlike(held.row, next)) this.#changed.add(at)
    const isNoted = held.row.seenAt > time - NOTED_MS && held.row.seenAt <= time
    const isNamed = name === null || name === held.row.name
    if (next === held.row && isNoted && isNamed) return next
    held.row = { ...next, name: name ?? next.name, seenAt: time }
    held.isChanged = true
    return held.row
  }

  #participant(at: number, user: string): Held {
    const key = `${at} ${user}`
    const known = this.#held.get(key)
    if (known !== undefined) return known
    const room = this.#rows[at]
    const found = room ? this.#parts.sql.find.get({ room: room.id, user }) : undefined
    const row = found === undefined ? null : ({ ...found } as unknown as ParticipantRow)
    const held = { room: at, user, row, isKept: row !== null, isChanged: false }
    this.#held.set(key, held)
    return held
  }

  /** Counts a new participant, and begins a room that is not there; or says why not. */
  #begin(at: number, holder: string | null): number | null {
    const { time, mayGrow, rooms: names } = this.#moves
    const { rooms, use } = this.#parts
    if (!mayGrow) return NOT_MOVED.storeFull
    const isNewRoom = this.#rows[at] === null
    const over = holder && use.take(holder, time, PARTICIPANT_BYTES, isNewRoom)
    if (over) return NOT_MOVED[over]
    if (isNewRoom) this.#rows[at] = rooms.create(names[at] ?? '', ANY_NUMBER, time)
    return null
  }

  #keep(): void {
    const { sql } = this.#parts
    const more = new Map<number, number>()
    for (const { room: at, user, row, isKept, isChanged } of this.#held.values()) {
      const room = this.#rows[at]
      if (!isChanged || row === null || !room) continue
      if (isKept) sql.update.run({ room: room.id, user, ...row })
      else {
        sql.insert.run({ room: room.id, user, ...row, cameAt: this.#moves.time })
        more.set(room.id, (more.get(room.id) ?? 0) + 1)
      }
    }
    for (const [id, count] of more) sql.count.run({ id, more: count })
  }
}

function statements(db: DatabaseSync) {
  return {
    find: db.prepare(`
      SELECT name, joined, delivered, read, own_delivered AS ownDelivered, own_read AS ownRead,
             reads_privately AS readsPrivately, seen_at AS seenAt
      FROM participants WHERE room = :room AND user = :user`),
    insert: db.prepare(`
      INSERT INTO participants (room, user, name, joined, delivered, read, own_delivered,
                                own_read, reads_privately, seen_at, came_at)
      VALUES (:room, :user, :name, :joined, :delivered, :read, :ownDelivered,
              :ownRead, :readsPrivately, :seenAt, :cameAt)`),
    update: db.prepare(`
      UPDATE participants SET name = :name, joined = :joined, delivered = :delivered, read = :read,
        own_delivered = :ownDelivered, own_read = :ownRead, reads_privately = :readsPrivately,
        seen_at = :seenAt
      WHERE room = :room AND user = :user`),
    count: db.prepare('UPDATE rooms SET participants = participants + :more WHERE id = :id'),
    remove: db.prepare('DELETE FROM participants WHERE room = :room AND user = :user'),
    roomsOf: db.prepare(`
      SELECT rooms.id AS id, rooms.name AS room FROM participants
      JOIN rooms ON rooms.id = participants.room
      WHERE participants.user = :user LIMIT :limit`),
    seen: db.prepare(`
      UPDATE participants SET seen_at = :now
      WHERE room = (SELECT id FROM rooms WHERE name = :room) AND user = :user
        AND seen_at > :away AND (seen_at <= :noted OR seen_at > :now)`),
  }
}
