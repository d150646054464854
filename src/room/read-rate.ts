// How much history one client may read: pages and replays count by the bytes of what is answered,
// since JSON and event streams can be several times as much as what was published (S44).
import type { Holder, Reached, Shares } from '../engine/shares.ts'

export class ReadRate {
  readonly #shares: Pick<Shares, 'spend' | 'charge'>

  constructor(shares: Pick<Shares, 'spend' | 'charge'>) {
    this.#shares = shares
  }

  /** What is used up, where nothing more may be read now; else null. */
  over(holder: Holder): Reached | null {
    return this.#shares.spend('reads', payerOf(holder), 0)
  }

  /** Counts bytes that were answered, beyond the rate if need be: what comes next waits. */
  charge(holder: Holder, bytes: number): void {
    this.#shares.charge('reads', payerOf(holder), bytes)
  }
}

/** An address pays only for readers without a user; a server key pays nothing. */
function payerOf({ user, address, server }: Holder): Holder {
  return { user, address: user === null && server === null ? address : null, server }
}
