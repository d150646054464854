// Sessions and users whose tickets were voided lately: a ticket that was being asked for then must
// not be issued afterwards (S48).
import type { TicketRecord, TicketsOf } from '../identity-store.ts'

/** Longer than a request for a ticket takes from the proof of its identity to its ticket. */
const REMEMBERED_MS = 60_000

export class EndedLately {
  /** When each ended, in milliseconds since 1970, the last one last. */
  readonly #endedAt = new Map<string, number>()

  add(whose: TicketsOf, now: number): void {
    const key = keyOf(whose)
    this.#endedAt.delete(key)
    this.#endedAt.set(key, now)
    for (const [old, at] of this.#endedAt) {
      if (now - at < REMEMBERED_MS) return
      this.#endedAt.delete(old)
    }
  }

  /** Whether the session or the user of a ticket ended after it was issued. */
  has({ session, user, issuedAt }: TicketRecord): boolean {
    if (this.#endedAt.size === 0) return false
    const bySession = session === null ? undefined : this.#endedAt.get(keyOf({ session }))
    return issuedAt < Math.max(bySession ?? 0, this.#endedAt.get(keyOf({ user })) ?? 0)
  }
}

/** Unique, since ids have no spaces. */
function keyOf(whose: TicketsOf): string {
  return 'session' in whose ? `session ${whose.session}` : `user ${whose.user}`
}
