// The rooms that the writer is to look at soon: those that were published to and keep too much, and
// those whose rule has changed. In memory: a room that is not here has its time in `due_at`.
import type { Retention } from '../message-log.ts'
import { type RoomRow, waitOf } from './rooms.ts'

/** Rooms that were published to, at most: of further ones the next publish or `due_at` reminds. */
const HELD_MAX = 50_000

/** A room to look at; `retention` is what its rule says now, or null where that has not changed. */
export interface Look {
  readonly room: string
  readonly retention: Retention | null
}

export class TrimQueue {
  readonly #changes = new Map<string, Retention>()
  readonly #published = new Set<string>()
  /** Looks that were taken, and are not on disk yet. */
  #taken: Look[] = []

  /** How many rooms have another rule that is not in force yet. */
  get changes(): number {
    return this.#changes.size + this.#taken.filter(({ retention }) => retention !== null).length
  }

  get size(): number {
    return this.#changes.size + this.#published.size
  }

  change(room: string, retention: Retention): void {
    this.#changes.set(room, retention)
  }

  /** A message was published. A room whose next look is too far away had another clock then. */
  published(row: RoomRow, time: number): void {
    const isOver = row.newest - row.shownFrom >= row.messagesMax
    if (!isOver && row.dueAt <= time + waitOf(row)) return
    if (this.#published.size < HELD_MAX) this.#published.add(row.name)
  }

  /** The next room; MUST be followed by `done`, or by `takeBack`. */
  take(): Look | null {
    const [change] = this.#changes
    if (change !== undefined) return this.#take({ room: change[0], retention: change[1] })
    const [room] = this.#published
    return room === undefined ? null : this.#take({ room, retention: null })
  }

  /** Looks that were finished are on disk; `unfinished` is not. */
  settle(unfinished: Look | null): void {
    this.#taken = this.#taken.filter((look) => look === unfinished)
  }

  /** What was taken is to be looked at again. */
  takeBack(): void {
    for (const { room, retention } of this.#taken) {
      if (retention === null) this.#published.add(room)
      else if (!this.#changes.has(room)) this.#changes.set(room, retention)
    }
    this.#taken = []
  }

  #take(look: Look): Look {
    if (look.retention === null) this.#published.delete(look.room)
    else this.#changes.delete(look.room)
    this.#taken.push(look)
    return look
  }
}
