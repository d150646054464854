// Tickets of a store that only one process has open. Tickets live for seconds, so they are held in
// memory: a ticket is used up before a second request can try it, whatever happens to the disk. An
// orderly restart takes tickets along; after a crash it is unknown which were used, so none is
// good.
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import type { TicketRecord, TicketStore, TicketsOf } from '../identity-store.ts'
import { type Holder, NO_HOLDER, Reached, type Share, type Shares } from '../shares.ts'
import { EndedLately } from './ended-lately.ts'

/** Whether there may be tickets for this user, asked for by this session. */
export type MayHave = (whose: { user: string; session: string | null }) => Promise<boolean>

export interface TicketsParts {
  mayHave: MayHave
  clock: Clock
  shares: Shares
}

/** A ticket that is not used yet, and its share of the bound on such tickets. */
interface HeldTicket {
  record: TicketRecord
  share: Share
}

export class MemoryTickets implements TicketStore {
  readonly since: number
  readonly isLocal = true
  readonly #mayHave: MayHave
  readonly #clock: Clock
  readonly #shares: Shares
  readonly #held = new Map<string, HeldTicket>()
  readonly #ended = new EndedLately()
  #closed = false

  constructor({ mayHave, clock, shares }: TicketsParts) {
    this.#mayHave = mayHave
    this.#clock = clock
    this.#shares = shares
    this.since = clock.now()
  }

  /**
   * Holds the ticket before it asks `mayHave`: if the session ends meanwhile, `forget` drops the
   * ticket.
   */
  async issue(ticket: TicketRecord, holder?: Holder): Promise<boolean> {
    this.#refuseWhenClosed()
    if (this.#ended.has(ticket)) return false
    const reached = this.#hold(ticket, holder)
    if (reached !== null) throw new EngineUnavailable(reached.sentence, reached)
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

  async end(whose: TicketsOf, now: number): Promise<void> {
    this.#ended.add(whose, now)
    this.forget(({ session, user }) =>
      'session' in whose ? session === whose.session : user === whose.user,
    )
  }

  /** Drops tickets whose session has just ended, or whose user was banned, revoked or removed. */
  forget(isOver: (ticket: TicketRecord) => boolean): void {
    for (const [hash, { record }] of this.#held) if (isOver(record)) this.#drop(hash)
  }

  /** Drops at most `limit` expired tickets; returns how many were dropped. */
  async sweep({ now, limit }: { now: number; limit: number }): Promise<number> {
    let deleted = 0
    for (const [hash, { record }] of this.#held) {
      if (deleted === limit) break
      if (record.expiresAt > now) continue
      this.#drop(hash)
      deleted += 1
    }
    return deleted
  }

  /** Takes over the tickets of the process before, as far as the bound has room for them. */
  takeOver(tickets: readonly TicketRecord[]): void {
    for (const ticket of tickets) this.#hold(ticket)
  }

  /** Gives all tickets to the next process; none of them is good here any more. */
  handOver(): TicketRecord[] {
    this.#closed = true
    const tickets = [...this.#held.values()].map(({ record }) => record)
    for (const { hash } of tickets) this.#drop(hash)
    return tickets
  }

  #good(hash: string, now: number): TicketRecord | null {
    this.#refuseWhenClosed()
    const record = this.#held.get(hash)?.record
    return record !== undefined && record.expiresAt > now ? record : null
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new EngineUnavailable('The engine is closed.')
  }

  /** Returns the bound that is reached even after expired tickets were dropped. */
  #hold(record: TicketRecord, holder?: Holder): Reached | null {
    const { user } = record
    const counted = holder ?? { ...NO_HOLDER, user }
    let share = this.#take(record, counted)
    if (share instanceof Reached && this.#dropExpired()) share = this.#take(record, counted)
    if (share instanceof Reached) return share
    this.#held.set(record.hash, { record, share })
    return null
  }

  #take(record: TicketRecord, holder: Holder): Share | Reached {
    return this.#shares.take('ticketsOut', holder, charactersOf(record))
  }

  #drop(hash: string): void {
    this.#held.get(hash)?.share.release()
    this.#held.delete(hash)
  }

  /** Tickets stand in the order of their issue, which is roughly that of their ends. */
  #dropExpired(): boolean {
    const now = this.#clock.now()
    const before = this.#held.size
    for (const [hash, { record }] of this.#held) {
      if (record.expiresAt > now) break
      this.#drop(hash)
    }
    return this.#held.size < before
  }
}

/** What a ticket takes of the bound on their characters. */
export function charactersOf({ rooms, name, info }: TicketRecord): number {
  const named = rooms?.reduce((sum, room) => sum + room.length, 0) ?? 0
  return named + (name?.length ?? 0) + (info?.length ?? 0)
}
