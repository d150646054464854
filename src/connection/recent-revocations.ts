// Revocations of the last minute. A connection whose identity was being proved when it was revoked
// must not be admitted afterwards (S18).
import type { Revocation } from '../protocol/identity.ts'

/** Longer than proving an identity may take. */
const REMEMBERED_MS = 60_000

export class RecentRevocations {
  /** When each revocation came, oldest first. */
  readonly #revokedAt = new Map<string, number>()

  add(revocation: Revocation, elapsed: number): void {
    const key = keyOf(revocation)
    this.#revokedAt.delete(key)
    this.#revokedAt.set(key, elapsed)
  }

  /** Whether this revocation came at or after `since`, a reading of the clock's `elapsed()`. */
  has(revocation: Revocation, since: number): boolean {
    if (this.#revokedAt.size === 0) return false
    const revokedAt = this.#revokedAt.get(keyOf(revocation))
    return revokedAt !== undefined && revokedAt >= since
  }

  /** Called about once a second. */
  forgetOld(elapsed: number): void {
    for (const [key, at] of this.#revokedAt) {
      if (elapsed - at < REMEMBERED_MS) return
      this.#revokedAt.delete(key)
    }
  }
}

/** A revocation as one key, unique since ids of users and names of rooms have no spaces. */
function keyOf(revocation: Revocation): string {
  if ('session' in revocation) return `session ${revocation.session}`
  const { user, room } = revocation
  return room === undefined ? `user ${user}` : `user ${user} in ${room}`
}
