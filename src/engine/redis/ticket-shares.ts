// The shares of the tickets that this node has issued and that are not used yet, as far as it
// knows: a ticket that is used on another node counts here until its time is over.
import type { Clock, Timer } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import type { TicketRecord } from '../identity-store.ts'
import { charactersOf } from '../memory/tickets.ts'
import { type Holder, NO_HOLDER, Reached, type Share, type Shares } from '../shares.ts'

const SWEEP_EVERY_MS = 1_000

interface Out {
  share: Share
  /** When the ticket's time is over, by `elapsed`. */
  until: number
}

export class TicketShares {
  readonly #clock: Clock
  readonly #shares: Shares
  readonly #out = new Map<string, Out>()
  readonly #sweeping: Timer

  constructor({ clock, shares }: { clock: Clock; shares: Shares }) {
    this.#clock = clock
    this.#shares = shares
    this.#sweeping = clock.every(SWEEP_EVERY_MS, () => this.#sweep())
  }

  stop(): void {
    this.#sweeping.cancel()
  }

  /** Throws EngineUnavailable over the bound, where the tickets that are over make no room. */
  take(ticket: TicketRecord, holder: Holder | undefined, lifeMs: number): void {
    const counted = holder ?? { ...NO_HOLDER, user: ticket.user }
    const take = () => this.#shares.take('ticketsOut', counted, charactersOf(ticket))
    let share = take()
    if (share instanceof Reached && this.#sweep()) share = take()
    if (share instanceof Reached) throw new EngineUnavailable(share.sentence, share)
    this.#out.set(ticket.hash, { share, until: this.#clock.elapsed() + lifeMs })
  }

  release(hash: string): void {
    this.#out.get(hash)?.share.release()
    this.#out.delete(hash)
  }

  /** Tickets stand in the order of their issue, which is roughly that of their ends. */
  #sweep(): boolean {
    const now = this.#clock.elapsed()
    const before = this.#out.size
    for (const [hash, { until }] of this.#out) {
      if (until > now) break
      this.release(hash)
    }
    return this.#out.size < before
  }
}
