// The rooms that are open on this node: a room is opened by its first member and closed after the
// last has left.
import type { Follow } from '../engine/message-log.ts'
import type { Room } from './room.ts'
import type { Rule } from './rule.ts'

/** A room that is open or opening, and how many holds keep it open. */
interface OpenRoom {
  readonly room: Room
  readonly follow: Promise<Follow>
  holds: number
}

/** How a room begins on this node. */
export interface Opening {
  make(name: string, rule: Rule): Room
  /** Resolves when no later message of the room can be missed. */
  follow(room: Room): Promise<Follow>
}

/** Keeps a room open until released. A class, because every connection has one. */
export class RoomHold {
  readonly room: Room
  #rooms: OpenRooms | null

  constructor(rooms: OpenRooms, room: Room) {
    this.#rooms = rooms
    this.room = room
  }

  /** May be called more than once. */
  release(): void {
    this.#rooms?.released(this.room)
    this.#rooms = null
  }
}

export class OpenRooms {
  readonly #opening: Opening
  readonly #open = new Map<string, OpenRoom>()

  constructor(opening: Opening) {
    this.#opening = opening
  }

  get size(): number {
    return this.#open.size
  }

  get(name: string): Room | null {
    return this.#open.get(name)?.room ?? null
  }

  *all(): Iterable<Room> {
    for (const { room } of this.#open.values()) yield room
  }

  /**
   * Opens a room, or keeps it open. Resolves when no later message can be missed, so that a room is
   * opened before the 101 and joining it afterwards is synchronous.
   */
  async open(name: string, rule: Rule): Promise<RoomHold> {
    const entry = this.#open.get(name) ?? this.#start(name, rule)
    entry.holds += 1
    const hold = new RoomHold(this, entry.room)
    try {
      await entry.follow
      await entry.room.presence?.ready
    } catch (error) {
      hold.release()
      throw error
    }
    return hold
  }

  /** For RoomHold alone: the last release closes the room. */
  released(room: Room): void {
    const entry = this.#open.get(room.name)
    if (entry?.room !== room) return
    entry.holds -= 1
    this.closeUnused(room)
  }

  /** A room stays open until the store knows that its last members have left. */
  closeUnused({ name }: Pick<Room, 'name'>): void {
    const entry = this.#open.get(name)
    if (entry === undefined || entry.holds > 0) return
    if (entry.room.presence?.isSettled === false) return
    this.#open.delete(name)
    entry.room.close()
    entry.follow.then(stop, ignore)
  }

  #start(name: string, rule: Rule): OpenRoom {
    const room = this.#opening.make(name, rule)
    const entry: OpenRoom = { room, follow: this.#opening.follow(room), holds: 0 }
    this.#open.set(name, entry)
    return entry
  }
}

function stop(follow: Follow): void {
  follow.stop()
}

/** A follow that never began needs no end; `open` has rejected with the reason. */
function ignore(): void {}
