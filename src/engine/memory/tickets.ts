// Tickets of a store that one process has to itself. They live for seconds, so they are held in
// memory, and one is used up before another can try, whatever happens to the disk. An orderly
// restart takes them along; after a crash it is unknown which were used, so none is good.
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import type { TicketRecord, TicketStore } from '../identity-store.ts'

/** For everybody who comes back at once; whoever never uses theirs is bounded by it too. */
const HELD_MAX = 100_000
/** Of rooms that are named and of what travels with users, over all tickets. */
const CHARACTERS_MAX = 64 * 1024 * 1024
const FULL = { limit: 'ticketsOut', retryAfter: 5 } as const

/** Whether there may be tickets for this user, asked for by this session. */
export type MayHave = (whose: { user: string; session: string | null }) => Promise<boolean>

export class MemoryTickets implements TicketStore {
  readonly since: number
  readonly #mayHave: MayHave
  readonly #clock: Clock
  readonly #held = new Map<string, TicketRecord>()
  #characters = 0
  #closed = false

  constructor(mayHave: MayHave, clock: Clock) {
    this.#mayHave = mayHave
    this.#clock = clock
    this.since = clock.now()
  }

  /** Held before it is asked for: an end of the session meanwhile then finds and drops it. */
  async issue(ticket: TicketRecord): Promise<boolean> {
    this.#refuseWhenClosed()
    this.#makeRoom()
    this.#hold(ticket)
    let good = false
    try {
      good = await this.#mayHave(ticket)
    } finally {
      if (!good) this.#drop(ticket.hash)
    }
    this.#refuseWhenClosed()
    return this.#held.has(ticket.hash)
  }

  async read(hash: string, now: number): Promise<TicketRecord | null> {
    return this.#good(hash, now)
  }

  async redeem(hash: string, now: number): Promise<TicketRecord | null> {
    const ticket = this.#good(hash, now)
    if (ticket !== null) this.#drop(hash)
    return ticket
  }

  /** Drops tickets whose session, or whose user's good status, has just ended. */
  forget(isOver: (ticket: TicketRecord) => boolean): void {
    for (const [hash, ticket] of this.#held) if (isOver(ticket)) this.#drop(hash)
  }

  /** Drops at most `limit` that are past their time, as an expiry sweep asks for. */
  async sweep({ now, limit }: { now: number; limit: number }): Promise<number> {
    let deleted = 0
    for (const [hash, { expiresAt }] of this.#held) {
      if (deleted === limit) break
      if (expiresAt > now) continue
      this.#drop(hash)
      deleted += 1
    }
    return deleted
  }

  /** Takes in those of the process before. */
  takeOver(tickets: readonly TicketRecord[]): void {
    for (const ticket of tickets) this.#hold(ticket)
  }

  /** Gives all to the next process; none of them is good here any more. */
  handOver(): TicketRecord[] {
    this.#closed = true
    const tickets = [...this.#held.values()]
    this.#held.clear()
    return tickets
  }

  #good(hash: string, now: number): TicketRecord | null {
    this.#refuseWhenClosed()
    const ticket = this.#held.get(hash)
    return ticket !== undefined && ticket.expiresAt > now ? ticket : null
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new EngineUnavailable('The engine is closed.')
  }

  #hold(ticket: TicketRecord): void {
    this.#held.set(ticket.hash, ticket)
    this.#characters += charactersOf(ticket)
  }

  #drop(hash: string): void {
    const ticket = this.#held.get(hash)
    if (ticket === undefined) return
    this.#held.delete(hash)
    this.#characters -= charactersOf(ticket)
  }

  /** They stand in the order of their issue, which is about that of their ends. */
  #makeRoom(): void {
    if (!this.#isFull()) return
    const now = this.#clock.now()
    for (const [hash, { expiresAt }] of this.#held) {
      if (expiresAt > now) break
      this.#drop(hash)
    }
    if (this.#isFull()) throw new EngineUnavailable('Too many tickets are out: try again.', FULL)
  }

  #isFull(): boolean {
    return this.#held.size >= HELD_MAX || this.#characters >= CHARACTERS_MAX
  }
}

function charactersOf({ rooms, info }: TicketRecord): number {
  const named = rooms?.reduce((sum, room) => sum + room.length, 0) ?? 0
  return named + (info?.length ?? 0)
}
