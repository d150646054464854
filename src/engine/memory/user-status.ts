// How users stand, at hand in the one process that has the store: everybody who comes with a token
// of an outside issuer is asked for, and of nearly nobody is anything known.
import { GOOD_STATUS, type UserStatus, type UserStatusStore } from '../user-status-store.ts'

/** With more than this the store is asked each time. */
export const STATUS_CACHE_MAX = 100_000

export class CachedUserStatus implements UserStatusStore {
  readonly #store: UserStatusStore
  readonly #known: Map<string, UserStatus>
  /** Users who are being banned or the like, and how often: the store knows, and we not yet. */
  readonly #changing = new Map<string, number>()
  #isComplete: boolean

  /** `known` is all that the store has, or one more than may be held. */
  constructor(store: UserStatusStore, known: readonly (readonly [string, UserStatus])[]) {
    this.#store = store
    this.#isComplete = known.length <= STATUS_CACHE_MAX
    this.#known = new Map(this.#isComplete ? known : [])
  }

  async of(user: string): Promise<UserStatus> {
    if (!this.#isComplete || this.#changing.has(user)) return this.#store.of(user)
    return this.#known.get(user) ?? GOOD_STATUS
  }

  ban(user: string, now: number): Promise<void> {
    return this.#change(user, () => this.#store.ban(user, now))
  }

  unban(user: string): Promise<void> {
    return this.#change(user, () => this.#store.unban(user))
  }

  revoke(user: string, now: number): Promise<void> {
    return this.#change(user, () => this.#store.revoke(user, now))
  }

  /** Reads again also what failed: it may have happened all the same. */
  async #change(user: string, change: () => Promise<void>): Promise<void> {
    this.#changing.set(user, (this.#changing.get(user) ?? 0) + 1)
    try {
      await change()
    } finally {
      await this.#readAgain(user)
      const left = (this.#changing.get(user) ?? 1) - 1
      if (left > 0) this.#changing.set(user, left)
      else this.#changing.delete(user)
    }
  }

  async #readAgain(user: string): Promise<void> {
    try {
      const status = await this.#store.of(user)
      const isGood = status.bannedAt === null && status.revokedBefore === null
      if (isGood) this.#known.delete(user)
      else this.#known.set(user, status)
      if (this.#known.size > STATUS_CACHE_MAX) this.#askAlways()
    } catch {
      this.#askAlways()
    }
  }

  #askAlways(): void {
    this.#isComplete = false
    this.#known.clear()
  }
}
