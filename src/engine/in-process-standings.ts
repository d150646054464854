// How users stand, at hand in the one process that has the store: everybody who comes with a token
// of an outside issuer is asked for, and of nearly nobody is anything known.
import { GOOD_STANDING, type Standing, type StandingStore } from './standing-store.ts'

/** With more than this the store is asked each time. */
export const STANDINGS_HELD_MAX = 100_000

export class InProcessStandings implements StandingStore {
  readonly #store: StandingStore
  readonly #known: Map<string, Standing>
  #isComplete: boolean

  /** `known` is all that the store has, or one more than may be held. */
  constructor(store: StandingStore, known: readonly (readonly [string, Standing])[]) {
    this.#store = store
    this.#isComplete = known.length <= STANDINGS_HELD_MAX
    this.#known = new Map(this.#isComplete ? known : [])
  }

  async of(user: string): Promise<Standing> {
    if (!this.#isComplete) return this.#store.of(user)
    return this.#known.get(user) ?? GOOD_STANDING
  }

  ban(user: string, now: number): Promise<void> {
    return this.#change(user, this.#store.ban(user, now))
  }

  unban(user: string): Promise<void> {
    return this.#change(user, this.#store.unban(user))
  }

  revoke(user: string, now: number): Promise<void> {
    return this.#change(user, this.#store.revoke(user, now))
  }

  /** What could not be read again after a change is asked for from here on, like all others. */
  async #change(user: string, done: Promise<void>): Promise<void> {
    await done
    const standing = await this.#store.of(user).catch(() => null)
    if (standing !== null) this.#known.set(user, standing)
    if (standing === null || this.#known.size > STANDINGS_HELD_MAX) this.#askAlways()
  }

  #askAlways(): void {
    this.#isComplete = false
    this.#known.clear()
  }
}
