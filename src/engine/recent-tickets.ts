// Tickets that this process issued and that may still be used: looking at one needs no database,
// only using it up does. Who is not here is looked for there.
import type { Clock } from '../time/clock.ts'
import type { TicketRecord, TicketStore } from './identity-store.ts'

/** Beyond this the oldest are looked for in the database. */
const HELD_MAX = 50_000
/** Looked at per new one: more than one, so that those past their time do not stay. */
const LOOKED_AT = 2

export class RecentTickets implements TicketStore {
  readonly #store: TicketStore
  readonly #clock: Clock
  readonly #recent = new Map<string, TicketRecord>()

  constructor(store: TicketStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  async issue(ticket: TicketRecord): Promise<boolean> {
    const issued = await this.#store.issue(ticket)
    if (issued) this.#remember(ticket)
    return issued
  }

  async read(hash: string, now: number): Promise<TicketRecord | null> {
    const known = this.#recent.get(hash)
    if (known === undefined) return this.#store.read(hash, now)
    return known.expiresAt > now ? known : null
  }

  redeem(hash: string, now: number): Promise<TicketRecord | null> {
    this.#recent.delete(hash)
    return this.#store.redeem(hash, now)
  }

  /** Some were taken away with their session or user. */
  forget(): void {
    this.#recent.clear()
  }

  #remember(ticket: TicketRecord): void {
    const now = this.#clock.now()
    let left = LOOKED_AT
    for (const [hash, { expiresAt }] of this.#recent) {
      if (left === 0) break
      if (expiresAt <= now || this.#recent.size >= HELD_MAX) this.#recent.delete(hash)
      left -= 1
    }
    this.#recent.set(ticket.hash, ticket)
  }
}
