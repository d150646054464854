// Refresh tokens of apps: good once. One that comes back after its time was stolen, from the owner
// or by him, and ends the whole session (S17).
import type { RefreshStore, SessionRecord } from '../engine/identity-store.ts'
import type { Chance } from '../time/chance.ts'
import type { Clock } from '../time/clock.ts'
import { digest } from './secret.ts'

/** How long an old token is answered again, because the answer to its first use was lost. */
const GRACE_MS = 10_000
const PREFIX = 'rt_'
const FORM = /^rt_[\w-]{43}$/

/** What became of a token: its session and the next token, or the session that it betrayed. */
export type Refreshed = { session: SessionRecord; refreshToken: string } | { reused: string } | null

export interface RefreshTokensParts {
  store: RefreshStore
  clock: Clock
  chance: Chance
}

export class RefreshTokens {
  readonly #store: RefreshStore
  readonly #clock: Clock
  readonly #chance: Chance

  constructor({ store, clock, chance }: RefreshTokensParts) {
    this.#store = store
    this.#clock = clock
    this.#chance = chance
  }

  /** The first token of a session. */
  async issue(session: string): Promise<string> {
    const token = this.#make()
    await this.#store.add({ hash: digest(token), session, issuedAt: this.#clock.now() })
    return token
  }

  /** Null for a token that is not one of ours, or whose session has ended. */
  async rotate(token: string): Promise<Refreshed> {
    if (!FORM.test(token)) return null
    const next = this.#make()
    const rotated = await this.#store.rotate({
      hash: digest(token),
      next: digest(next),
      now: this.#clock.now(),
      graceMs: GRACE_MS,
    })
    if (rotated === null || 'reused' in rotated) return rotated
    return { session: rotated.session, refreshToken: next }
  }

  #make(): string {
    return PREFIX + this.#chance.bytes(32).toString('base64url')
  }
}
