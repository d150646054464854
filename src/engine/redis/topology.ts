// Which primary has which slot, as the Cluster said last. A primary that is named for the first
// time is connected to; one that is named no more is given up.
import { nameOf, type Server } from './address.ts'
import { type ClusterRange, SLOTS, slotOf } from './cluster-ranges.ts'
import type { Primary } from './primary.ts'

export class Topology {
  readonly #create: (server: Server) => Primary
  readonly #primaries = new Map<string, Primary>()
  readonly #owners: (Primary | undefined)[] = Array.from({ length: SLOTS })
  /** Those with slots. */
  #named = new Set<Primary>()
  /** Those that were asked without having a slot, since the ranges were learnt last. */
  #guests = new Set<Primary>()
  /** Every server that was named last, replicas too. */
  #servers: readonly Server[]
  #hasHoles = true
  /** What was learnt last, while nothing else was. */
  #said = ''

  /** `first` is asked for the others. */
  constructor(first: Server, create: (server: Server) => Primary) {
    this.#servers = [first]
    this.#create = create
  }

  get primaries(): Iterable<Primary> {
    return this.#primaries.values()
  }

  get servers(): readonly Server[] {
    return this.#servers
  }

  get away(): string | null {
    for (const { away } of this.#named) if (away !== null) return away
    return this.#hasHoles ? 'The Cluster has slots without a primary.' : null
  }

  ownerOf(slot: number): Primary | undefined {
    return this.#owners[slot]
  }

  /** Takes what a server said of all slots. Returns the channels that no primary has any more. */
  learn(ranges: readonly ClusterRange[]): string[] {
    const said = JSON.stringify(ranges)
    if (said !== this.#said) this.#take(ranges)
    const lost = said === this.#said ? [] : this.#channelsElsewhere()
    this.#said = said
    this.#giveUpOthers()
    return lost
  }

  /** Takes what a refusal said of one slot. */
  assign(slot: number, server: Server): Primary {
    const owner = this.#at(server)
    this.#owners[slot] = owner
    this.#named.add(owner)
    this.#said = ''
    return owner
  }

  /** A primary that is asked without having the slot: kept until the ranges are learnt again. */
  guest(server: Server): Primary {
    const guest = this.#at(server)
    this.#guests.add(guest)
    return guest
  }

  async close(): Promise<void> {
    await Promise.all([...this.#primaries.values()].map((primary) => primary.close()))
  }

  #at(server: Server): Primary {
    const name = nameOf(server)
    const known = this.#primaries.get(name)
    if (known !== undefined) return known
    const primary = this.#create(server)
    this.#primaries.set(name, primary)
    primary.open().catch(() => {})
    return primary
  }

  #take(ranges: readonly ClusterRange[]): void {
    this.#named = new Set()
    this.#owners.fill(undefined)
    for (const { first, last, primary } of ranges) {
      const owner = this.#at(primary)
      this.#named.add(owner)
      this.#owners.fill(owner, first, last + 1)
    }
    this.#hasHoles = this.#owners.includes(undefined)
    this.#servers = ranges.flatMap(({ primary, replicas }) => [primary, ...replicas])
  }

  /** The channels that are at a primary without their slot; there they end. */
  #channelsElsewhere(): string[] {
    const lost: string[] = []
    for (const primary of this.#primaries.values()) {
      for (const channel of primary.channels) {
        if (this.#owners[slotOf(channel)] === primary) continue
        primary.unsubscribe(channel)
        lost.push(channel)
      }
    }
    return lost
  }

  #giveUpOthers(): void {
    for (const [name, primary] of this.#primaries) {
      if (this.#named.has(primary) || this.#guests.has(primary)) continue
      this.#primaries.delete(name)
      primary.close()
    }
    this.#guests = new Set()
  }
}
