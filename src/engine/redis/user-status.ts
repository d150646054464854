// The status of users over all nodes: from memory, as the feed tells it.
import type { UserStatus, UserStatusStore } from '../user-status-store.ts'
import type { Endings } from './endings.ts'
import type { UserStatusFeed } from './user-status-feed.ts'

export class RedisUserStatus implements UserStatusStore {
  readonly #feed: UserStatusFeed
  readonly #endings: Endings

  constructor({ feed, endings }: { feed: UserStatusFeed; endings: Endings }) {
    this.#feed = feed
    this.#endings = endings
  }

  async of(user: string): Promise<UserStatus> {
    const { bannedAt, revokedBefore } = await this.#feed.of(user)
    return { bannedAt, revokedBefore }
  }

  async ban(user: string, now: number): Promise<void> {
    await this.#endings.end(user, { change: 'ban', at: now })
  }

  async unban(user: string): Promise<void> {
    await this.#feed.change(user, { change: 'unban' })
    await this.#feed.readOn()
  }

  async revoke(user: string, now: number): Promise<void> {
    await this.#endings.end(user, { change: 'revoke', at: now })
  }
}
