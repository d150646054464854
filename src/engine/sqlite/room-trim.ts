// Takes from one room what it no longer keeps. What is deleted stands before the first message that
// the room keeps, so that pages have no holes, also where the clock was set; the room notes from
// where it is shown, so that nothing of it is shown again under another rule. Each step is worth
// what it yields, see `Trim.units`.
import type { DatabaseSync } from 'node:sqlite'
import type { Retention } from '../message-log.ts'
import { unitsOf } from './deletion-units.ts'
import { expiredFinder } from './expired.ts'
import { isSame, type RoomRow, type RoomTable, retentionIn, WAIT_MAX_MS, waitOf } from './rooms.ts'

export type TrimmedRoom = RoomRow & { emptySince: number | null }

/** Offsets before `before` are hidden, which the count of the rule does not say. */
export interface Hidden {
  room: string
  before: number
}

export type Steps<Result = void> = Generator<number, Result>

/** A look at a room costs about as much as so many messages that are deleted. */
const LOOK_UNITS = 8
/** Messages in one step. */
const STEP = 128
/** A room that was empty for so long, and has no participants, is forgotten: a new epoch begins. */
const FORGOTTEN_MS = 30 * 86_400_000

export class RoomTrim {
  readonly #rooms: RoomTable
  readonly #sql
  readonly #expired
  /** The time of the slice. */
  now = 0
  /** What was hidden since it was taken. */
  hidden: Hidden[] = []

  constructor(db: DatabaseSync, rooms: RoomTable) {
    this.#rooms = rooms
    this.#sql = statements(db)
    this.#expired = expiredFinder(db)
  }

  /** `retention` is what the rule of the room says now, or null where it has not changed. */
  *look(room: TrimmedRoom, retention: Retention | null): Steps {
    const isChange = retention !== null && !isSame(retentionIn(room), retention)
    const isDue = room.dueAt <= this.now || room.dueAt > this.now + waitOf(room)
    yield LOOK_UNITS
    if (!isChange && !isDue) return yield* this.#trimByCount(room)
    yield* this.#trim(room)
    if (!isChange) return
    // What the former rule hid is hidden for good before the next one is in force.
    room.messagesMax = retention.messages
    room.ageMaxMs = retention.ageMs
    yield* this.#trim(room)
  }

  /**
   * Puts a rule in force that comes with a publish, before that. What the former rule hid is hidden
   * for good; it is deleted later.
   */
  putInForce(room: RoomRow, { messages, ageMs }: Retention, now: number): void {
    const { id, newest } = room
    const from = Math.max(room.shownFrom, afterCount(room))
    const steps = this.#expired({ id, from, before: newest + 1, now, ageMs: room.ageMaxMs })
    room.shownFrom = resultOf(steps).end
    room.messagesMax = messages
    room.ageMaxMs = ageMs
    room.dueAt = now
    this.#sql.show.run({ id, newest, to: room.shownFrom })
    this.#sql.force.run({ id, messages, ageMs, now })
  }

  /** What the count hides is known at once, whatever the times of the messages are. */
  *#trimByCount(room: TrimmedRoom): Steps {
    yield* this.#hide(room, afterCount(room))
    this.#note(room, [room.dueAt])
  }

  *#trim(room: TrimmedRoom): Steps {
    const { id, ageMaxMs: ageMs } = room
    const from = Math.max(room.shownFrom, afterCount(room))
    const span = { id, from, before: room.newest + 1, now: this.now, ageMs }
    const { end, heldSince } = yield* this.#expired(span)
    yield* this.#hide(room, end)
    if (end > from) this.hidden.push({ room: room.name, before: end })
    yield* this.#deleteHidden(room)
    const dues = [this.now + waitOf(room)]
    if (heldSince !== null && ageMs !== null) dues.push(heldSince + ageMs + 1)
    const isEmpty = this.#sql.oldest.get({ id }) === undefined
    if (!isEmpty) room.emptySince = null
    else if (this.#forgets(room)) return
    this.#note(room, isEmpty ? [this.now + WAIT_MAX_MS] : dues)
  }

  /** Messages before `end` are not shown any more, and deleted. */
  *#hide(room: TrimmedRoom, end: number): Steps {
    const { id } = room
    while (room.shownFrom < end) {
      const { to, units } = this.#portion(id, room.shownFrom, end)
      this.#sql.remove.run({ id, from: room.shownFrom, to })
      room.newest = Math.max(room.newest, to - 1)
      room.shownFrom = to
      this.#sql.show.run({ id, newest: room.newest, to })
      yield units
    }
  }

  /** Deletes what a publish has hidden, and what former versions kept for its keys. */
  *#deleteHidden({ id, shownFrom }: TrimmedRoom): Steps {
    const { offset = shownFrom } = (this.#sql.oldest.get({ id }) ?? {}) as { offset?: number }
    for (let from = offset; from < shownFrom; ) {
      const { to, units } = this.#portion(id, from, shownFrom)
      this.#sql.remove.run({ id, from, to })
      from = to
      yield units
    }
  }

  /** The messages of one step: where they end, and what deleting them is worth. */
  #portion(id: number, from: number, end: number): { to: number; units: number } {
    let units = 1
    for (const row of this.#sql.sizes.iterate({ id, from, end })) {
      const { offset, bytes } = row as { offset: number; bytes: number }
      if (units > STEP) return { to: offset, units }
      units += unitsOf(bytes)
    }
    return { to: end, units }
  }

  /** Whether a room without messages was empty for so long that it is forgotten now. */
  #forgets(room: TrimmedRoom): boolean {
    const since = Math.min(room.emptySince ?? this.now, this.now)
    room.emptySince = since
    if (this.now - since <= FORGOTTEN_MS) return false
    if (Number(this.#sql.participants.get({ id: room.id })?.count) > 0) return false
    // Its offsets begin at 1 again: the new epoch tells clients that remember a position.
    this.#sql.nextGeneration.run()
    this.#sql.forget.run({ id: room.id })
    this.#rooms.forget()
    this.hidden.push({ room: room.name, before: room.newest + 1 })
    return true
  }

  #note(room: TrimmedRoom, dues: readonly number[]): void {
    const { id, messagesMax, ageMaxMs, emptySince } = room
    room.dueAt = Math.max(Math.min(...dues), this.now + 1)
    this.#sql.note.run({ id, messagesMax, ageMaxMs, emptySince, dueAt: room.dueAt })
    this.#rooms.changed(room)
  }
}

/** The first offset that the count of a room's rule keeps. */
function afterCount({ newest, messagesMax }: RoomRow): number {
  return newest - messagesMax + 1
}

function resultOf<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

function statements(db: DatabaseSync) {
  const span = 'room = :id AND "offset" >= :from AND "offset" < '
  return {
    oldest: db.prepare('SELECT "offset" FROM messages WHERE room = :id ORDER BY "offset" LIMIT 1'),
    sizes: db.prepare(`
      SELECT "offset", length(payload) AS bytes FROM messages
      WHERE ${span} :end ORDER BY "offset" LIMIT ${STEP + 1}`),
    remove: db.prepare(`DELETE FROM messages WHERE ${span} :to`),
    show: db.prepare(`
      UPDATE rooms SET newest = max(newest, :newest), shown_from = max(shown_from, :to)
      WHERE id = :id`),
    note: db.prepare(`
      UPDATE rooms SET messages_max = :messagesMax, age_max_ms = :ageMaxMs, due_at = :dueAt,
                       empty_since = :emptySince
      WHERE id = :id`),
    force: db.prepare(`
      UPDATE rooms SET messages_max = :messages, age_max_ms = :ageMs, due_at = :now
      WHERE id = :id`),
    participants: db.prepare('SELECT participants AS count FROM rooms WHERE id = :id'),
    forget: db.prepare('DELETE FROM rooms WHERE id = :id'),
    nextGeneration: db.prepare(
      "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'",
    ),
  }
}
