// The rooms that this node follows. Their channels stay subscribed for a while after a follower has
// gone, and where each stands is compared with Redis: all after a doubt, quiet ones now and then.
import type { Clock, Timer } from '../../time/clock.ts'
import type { Follow, Follower } from '../message-log.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { FollowedRoom } from './log-followed-room.ts'
import type { LogReads } from './log-reads.ts'
import type { HiddenUsers } from './log-user-redactions.ts'

const LOOK_MS = 1_000
const LINGER_MS = 10_000
/** A quiet room is looked at once in so many looks. */
const LOOKS_PER_ROUND = 10
/** Rooms that are looked at together: not more wait for Redis at a time. */
const ROOMS_AT_ONCE = 500
/** A node with more rooms takes longer for a round, and Redis is asked no more often. */
const QUIET_MAX = 2_000

export interface FollowedRoomsParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  reads: LogReads
  hidden: HiddenUsers
}

interface Entry {
  readonly room: FollowedRoom
  begun: Promise<void>
}

export class FollowedRooms {
  readonly #parts: FollowedRoomsParts
  readonly #entries = new Map<string, Entry>()
  /** Rooms without a follower, and since when, in that order. */
  readonly #lingering = new Map<FollowedRoom, number>()
  /** Rooms that may have missed something. */
  readonly #doubted = new Set<FollowedRoom>()
  readonly #timer: Timer
  readonly #stopDoubting: () => void
  #round: Iterator<Entry> | null = null
  #isLooking = false

  constructor(parts: FollowedRoomsParts) {
    this.#parts = parts
    this.#timer = parts.clock.every(LOOK_MS, () => this.#tick())
    this.#stopDoubting = parts.link.onDoubt((_, isConcerned) => this.#doubtAll(isConcerned))
  }

  close(): void {
    this.#timer.cancel()
    this.#stopDoubting()
  }

  of(room: string): FollowedRoom | undefined {
    return this.#entries.get(room)?.room
  }

  *followers(): Iterable<Follower> {
    for (const { room } of this.#entries.values()) if (room.follower !== null) yield room.follower
  }

  /** See `MessageLog.follow`. */
  async follow(name: string, follower: Follower): Promise<Follow> {
    const entry = this.#entries.get(name) ?? this.#begin(name)
    const { room } = entry
    room.follower = follower
    this.#lingering.delete(room)
    await entry.begun
    return {
      stop: () => {
        if (room.follower !== follower) return
        room.follower = null
        this.#lingering.set(room, this.#parts.clock.elapsed())
      },
    }
  }

  #begin(name: string): Entry {
    const { reads, hidden, link, keys } = this.#parts
    const onDoubt = (room: FollowedRoom) => this.#doubt(room)
    const room = new FollowedRoom({ room: name, reads, hidden, onDoubt })
    const begin = async (): Promise<void> => {
      try {
        await link.subscribe(keys.room(name, 'c'), (bytes) => room.hear(bytes))
        await room.heal()
      } catch (error) {
        this.#end(room)
        throw error
      }
    }
    const entry: Entry = { room, begun: Promise.resolve() }
    this.#entries.set(name, entry)
    entry.begun = begin()
    return entry
  }

  #end(room: FollowedRoom): void {
    const { link, keys } = this.#parts
    this.#lingering.delete(room)
    this.#doubted.delete(room)
    if (this.#entries.get(room.name)?.room !== room) return
    this.#entries.delete(room.name)
    link.unsubscribe(keys.room(room.name, 'c'))
  }

  #doubt(room: FollowedRoom): void {
    if (this.#entries.get(room.name)?.room === room) this.#doubted.add(room)
  }

  /** The channels are subscribed again; what was missed before comes before all that is newer. */
  #doubtAll(isConcerned: (channel: string) => boolean): void {
    for (const { room } of this.#entries.values()) {
      if (!isConcerned(this.#parts.keys.room(room.name, 'c'))) continue
      room.missed()
      this.#doubted.add(room)
    }
    void this.#lookAtDoubted()
  }

  #tick(): void {
    const { clock } = this.#parts
    for (const [room, since] of this.#lingering) {
      if (clock.elapsed() - since < LINGER_MS) break
      this.#end(room)
    }
    for (const room of this.#nextOfRound()) {
      if (!room.wasHeard) this.#doubted.add(room)
      room.wasHeard = false
    }
    void this.#lookAtDoubted()
  }

  /** The next rooms of a round through all of them. */
  *#nextOfRound(): Iterable<FollowedRoom> {
    const most = Math.min(QUIET_MAX, Math.ceil(this.#entries.size / LOOKS_PER_ROUND))
    for (let count = 0; count < most; count += 1) {
      this.#round ??= this.#entries.values()
      const next = this.#round.next()
      if (next.done) {
        this.#round = null
        return
      }
      yield next.value.room
    }
  }

  /** Rooms that cannot be looked at now are looked at with the next tick, or when Redis is back. */
  async #lookAtDoubted(): Promise<void> {
    if (this.#isLooking || this.#parts.link.away !== null) return
    this.#isLooking = true
    let isAway = false
    while (this.#doubted.size > 0 && !isAway) {
      const some = [...this.#doubted].slice(0, ROOMS_AT_ONCE)
      for (const room of some) this.#doubted.delete(room)
      const looks = await Promise.allSettled(some.map((room) => this.#lookAt(room)))
      for (const [index, { status }] of looks.entries()) {
        const room = some[index]
        if (status === 'fulfilled' || room === undefined) continue
        isAway = true
        this.#doubt(room)
      }
    }
    this.#isLooking = false
  }

  async #lookAt(room: FollowedRoom): Promise<void> {
    const { reads } = this.#parts
    const told = room.known
    // It has not begun, and asks where the room stands by itself.
    if (told === null) return
    const isOtherRun = told.offset > 0 && told.run !== reads.runOf(room.name)
    // What this node was told speaks for the copy of the data that Redis has now.
    const state =
      isOtherRun && told.isWitnessed ? await room.vouch(told) : await reads.state(room.name)
    await room.confirm(told, state)
  }
}
