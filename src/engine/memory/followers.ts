// The followers of rooms on this node, one for each room.
import type { Follow, Follower } from '../message-log.ts'

export class Followers {
  readonly #followers = new Map<string, Follower>()

  all(): Iterable<Follower> {
    return this.#followers.values()
  }

  of(room: string): Follower | undefined {
    return this.#followers.get(room)
  }

  /** Replaces the former follower of the room. */
  follow(room: string, follower: Follower): Follow {
    this.#followers.set(room, follower)
    return {
      stop: () => {
        if (this.#followers.get(room) === follower) this.#followers.delete(room)
      },
    }
  }
}
