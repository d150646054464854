// The shares of a node among others: as those of one process, but that what the other nodes hold
// counts too where a row of the table says so, and that some rates are kept in Redis.
import type { Bounds, HeldName } from '../bounds.ts'
import { createMemoryShares } from '../memory/shares.ts'
import type { NodeRate, RateName, SharedRate } from '../rates.ts'
import type { Holder, OnDisplaced, Reached, Share, Shares, UserMeter } from '../shares.ts'
import { HeldOverNodes, type HeldOverNodesParts } from './held-over-nodes.ts'
import { SharedRates } from './shared-rates.ts'

export class RedisShares implements Shares {
  readonly #own: Shares
  readonly #overNodes: HeldOverNodes
  readonly #rates: SharedRates

  constructor(bounds: Bounds, parts: HeldOverNodesParts) {
    const overNodes = new HeldOverNodes(parts)
    this.#overNodes = overNodes
    this.#rates = new SharedRates(bounds, parts)
    this.#own = createMemoryShares(bounds, parts.clock, (bound, row) =>
      row.overNodes ? overNodes.othersOf(bound, row) : undefined,
    )
  }

  /** Resolves when this node hears the others; what they hold is known within 2 s. */
  open(): Promise<void> {
    return this.#overNodes.open()
  }

  close(): void {
    this.#overNodes.close()
  }

  /** How many other nodes were heard of lately. */
  get otherNodes(): number {
    return this.#overNodes.nodes
  }

  take(
    bound: HeldName,
    holder: Holder,
    bytes = 0,
    onDisplaced: OnDisplaced | null = null,
  ): Share | Reached {
    return this.#own.take(bound, holder, bytes, onDisplaced)
  }

  spend(rate: NodeRate, holder: Holder, bytes?: number): Reached | null
  spend(rate: SharedRate, holder: Holder): Promise<Reached | null>
  spend(rate: RateName, holder: Holder, bytes = 0): Reached | null | Promise<Reached | null> {
    if (rate === 'tickets' || rate === 'signUps') return this.#rates.spend(rate, holder)
    return this.#own.spend(rate, holder, bytes)
  }

  charge(rate: NodeRate, holder: Holder, bytes: number): void {
    this.#own.charge(rate, holder, bytes)
  }

  restore(rate: NodeRate): void {
    this.#own.restore(rate)
  }

  meter(rate: NodeRate, user: string): UserMeter {
    return this.#own.meter(rate, user)
  }

  held(bound: HeldName): number {
    return this.#own.held(bound)
  }

  /** Of rates over all nodes, none: Redis forgets them by itself. */
  holders(bound: HeldName | RateName): number {
    return this.#own.holders(bound)
  }

  sweep(elapsed: number): void {
    this.#own.sweep(elapsed)
  }
}
