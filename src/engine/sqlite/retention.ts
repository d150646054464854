// Deletes messages that rooms no longer keep, and rooms that were empty for long, a slice at a
// time. It looks at rooms that are due and at those in its queue, and at no others, however many
// rooms there are.
import type { DatabaseSync } from 'node:sqlite'
import type { Hidden, RoomTrim, Steps, TrimmedRoom } from './room-trim.ts'
import { isSame, ROOM_COLUMNS, retentionIn } from './rooms.ts'
import type { Look, TrimQueue } from './trim-queue.ts'

/** How much to do in one transaction. */
export interface Trim {
  now: number
  /** A message that is deleted is one unit, and each 4 KB of it one more. */
  units: number
}

export interface Trimmed {
  /** Whether there is more to do now. */
  more: boolean
  /** How many rooms have another rule that is not in force yet. */
  changes: number
  hidden: Hidden[]
}

/** A slice ends after so long, whatever it costs to read what it deletes. */
const SLICE_MS = 5

export interface TrimmerParts {
  trim: RoomTrim
  queue: TrimQueue
  /** Milliseconds since any moment. */
  elapsed: () => number
}

/** A look that may go on in the next slice; `room` is null where there is none. */
interface Looking {
  readonly look: Look
  readonly room: TrimmedRoom | null
  readonly steps: Steps
}

export class Trimmer {
  readonly #parts: TrimmerParts
  readonly #trim: RoomTrim
  readonly #find
  readonly #due
  #looking: Looking | null = null
  #isQueueNext = true

  constructor(db: DatabaseSync, parts: TrimmerParts) {
    this.#parts = parts
    this.#trim = parts.trim
    this.#find = db.prepare(`
      SELECT ${ROOM_COLUMNS}, empty_since AS emptySince FROM rooms WHERE name = :room`)
    this.#due = db.prepare(`
      SELECT name AS room FROM rooms WHERE due_at <= :now ORDER BY due_at LIMIT 1`)
  }

  slice({ now, units }: Trim): Trimmed {
    const { queue, elapsed } = this.#parts
    const trim = this.#trim
    const began = elapsed()
    trim.now = now
    trim.hidden = []
    this.#leaveWhatChanged()
    for (let left = units; left > 0 && elapsed() - began < SLICE_MS; ) {
      this.#looking ??= this.#next()
      if (this.#looking === null) break
      const { done, value } = this.#looking.steps.next()
      left -= value ?? 1
      if (done) this.#looking = null
    }
    const more = this.#looking !== null || queue.size > 0 || this.#nextDue() !== null
    return { more, changes: queue.changes, hidden: trim.hidden }
  }

  /** MUST be called when the transaction is on disk. */
  settle(): void {
    this.#parts.queue.settle(this.#looking?.look ?? null)
  }

  /** MUST be called when the transaction was taken back. */
  takeBack(): void {
    this.#looking = null
    this.#parts.queue.takeBack()
  }

  /** Rooms that are due and those of the queue take turns. */
  #next(): Looking | null {
    const { queue } = this.#parts
    this.#isQueueNext = !this.#isQueueNext
    const look = this.#isQueueNext
      ? (queue.take() ?? this.#nextDue())
      : (this.#nextDue() ?? queue.take())
    if (look === null) return null
    const room = this.#roomOf(look.room)
    return { look, room, steps: this.#stepsOf(room, look) }
  }

  *#stepsOf(room: TrimmedRoom | null, { retention }: Look): Steps {
    if (room !== null) yield* this.#trim.look({ ...room }, retention)
  }

  #nextDue(): Look | null {
    const row = this.#due.get({ now: this.#trim.now }) as Pick<Look, 'room'> | undefined
    return row === undefined ? null : { room: row.room, retention: null }
  }

  #roomOf(room: string): TrimmedRoom | null {
    return (this.#find.get({ room }) as TrimmedRoom | undefined) ?? null
  }

  /**
   * Between two slices a room may be deleted, and its row be that of another; or a publish may have
   * put another rule in force, which the look would undo at its end: the room is due then.
   */
  #leaveWhatChanged(): void {
    const room = this.#looking?.room
    if (!room) return
    const found = this.#roomOf(room.name)
    const isSameRoom = found?.id === room.id && found.generation === room.generation
    const isLookedAt = isSameRoom && isSame(retentionIn(found), retentionIn(room))
    if (!isLookedAt) this.#looking = null
  }
}
