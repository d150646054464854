// Work of which only a little is done at once: a share of a bound limits how much waits, and the
// holders take turns. Where the bound is full, the oldest waiting work of the address that holds
// most makes room (S43).
import { ConcurrencyLimit, type Place } from '../time/concurrency-limit.ts'
import type { HeldName } from './bounds.ts'
import { type Holder, Reached, type Shares } from './shares.ts'

export class SharedWork {
  readonly #shares: Shares
  readonly #bound: HeldName
  readonly #turns: ConcurrencyLimit

  constructor(shares: Shares, bound: HeldName, atOnce: number) {
    this.#shares = shares
    this.#bound = bound
    this.#turns = new ConcurrencyLimit(atOnce)
  }

  /** Rejects with the Refusal of the bound where the work may not wait, or no longer. */
  async run<Result>(holder: Holder, work: () => Promise<Result>): Promise<Result> {
    let place: Place | null = null
    const share = this.#shares.take(this.#bound, holder, 0, ({ refusal }) => place?.giveUp(refusal))
    if (share instanceof Reached) throw share.refusal
    place = this.#turns.enter(keyOf(holder))
    try {
      if (!place.runs) await place.begun
      share.keep()
      return await work()
    } finally {
      place.end()
      share.release()
    }
  }
}

/** Holders take turns by user; those without one by address. */
function keyOf({ user, address, server }: Holder): string {
  if (user !== null) return `user ${user}`
  return server === null ? `address ${address}` : `server ${server}`
}
