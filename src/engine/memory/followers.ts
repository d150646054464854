// Who hears of a room's messages on this node: one follower per room.
import type { Follow, Follower } from '../message-log.ts'

export class Followers {
  readonly #followers = new Map<string, Follower>()

  of(room: string): Follower | undefined {
    return this.#followers.get(room)
  }

  /** Takes the place of the one before. */
  follow(room: string, follower: Follower): Follow {
    this.#followers.set(room, follower)
    return {
      stop: () => {
        if (this.#followers.get(room) === follower) this.#followers.delete(room)
      },
    }
  }
}
