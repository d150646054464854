// Bans and revocations, cached in memory. Every connection with a third-party token is checked
// against them and almost no user has one, so the check must not go to the store.
import { GOOD_STATUS, type UserStatus, type UserStatusStore } from '../user-status-store.ts'

/** With more users than this the store is asked each time. */
export const STATUS_CACHE_MAX = 100_000

export class CachedUserStatus implements UserStatusStore {
  readonly #store: UserStatusStore
  readonly #known: Map<string, UserStatus>
  /** How many changes of a user's status are under way: the store is asked for such a user. */
  readonly #changing = new Map<string, number>()
  #isComplete: boolean

  /** `known` has all entries of the store, or STATUS_CACHE_MAX + 1 of them: then none is cached. */
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

  /** MUST be called for each change by another node: the status is read from the store again. */
  changed(user: string): Promise<void> {
    return this.#change(user, async () => {})
  }

  /** Reads the status again also after a failure: the change may have happened all the same. */
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
