// What this node holds of the day of each user and address that published lately, as portions; what
// was not used for a minute goes back to all nodes.
import type { Clock } from '../../time/clock.ts'
import type { DayCounters } from './day-counters.ts'
import type { DayCounter, DayCounts } from './day-counts.ts'
import { DayPortion } from './day-portion.ts'

const IDLE_MS = 60_000
/** Portions that are given back at once, lest they hold up what else is asked. */
const SLICE = 1_000

/** Of one user or one address; null where there is no limit. */
interface DayUse {
  readonly bytes: DayPortion | null
  readonly keys: DayPortion | null
  /** Rooms are few, and a node holds none that it does not begin. */
  readonly rooms: DayCounter | null
  usedAt: number
}

interface DayUsesParts {
  readonly counters: DayCounters
  readonly counts: DayCounts
  readonly clock: Clock
}

export class DayUses {
  readonly #counters: DayCounters
  readonly #counts: DayCounts
  readonly #clock: Clock
  readonly #ofUsers = new Map<string, DayUse>()
  readonly #ofAddresses = new Map<string, DayUse>()
  /** Keys of all: what server keys may have, and what is left to others. */
  readonly keys: { readonly servers: DayPortion | null; readonly others: DayPortion | null }
  readonly #stop: () => void

  constructor({ counters, counts, clock }: DayUsesParts) {
    this.#counters = counters
    this.#counts = counts
    this.#clock = clock
    const { servers, others } = counters.all
    this.keys = { servers: this.#portion(servers), others: this.#portion(others) }
    const timer = clock.every(IDLE_MS, () => this.#endIdle())
    this.#stop = () => timer.cancel()
  }

  get size(): number {
    return this.#ofUsers.size + this.#ofAddresses.size
  }

  ofUser(user: string): DayUse {
    const use = this.#ofUsers.get(user)
    if (use === undefined) return this.#add(this.#ofUsers, user)
    use.usedAt = this.#clock.elapsed()
    return use
  }

  ofAddress(address: string): DayUse {
    const use = this.#ofAddresses.get(address)
    if (use === undefined) return this.#add(this.#ofAddresses, address)
    use.usedAt = this.#clock.elapsed()
    return use
  }

  /** Gives back all that was not used. */
  async close(): Promise<void> {
    this.#stop()
    const { servers, others } = this.keys
    await this.#end(Number.POSITIVE_INFINITY)
    await Promise.all([servers?.end(), others?.end()])
  }

  #add(uses: Map<string, DayUse>, name: string): DayUse {
    const of = (field: DayCounter['field']) =>
      uses === this.#ofUsers
        ? this.#counters.ofUser(name, field)
        : this.#counters.ofAddress(name, field)
    const use = {
      bytes: this.#portion(of('bytes')),
      keys: this.#portion(of('keys')),
      rooms: of('rooms'),
      usedAt: this.#clock.elapsed(),
    }
    uses.set(name, use)
    return use
  }

  #portion(counter: DayCounter | null): DayPortion | null {
    return counter && new DayPortion(counter, this.#counts, this.#clock)
  }

  #endIdle(): void {
    this.#end(this.#clock.elapsed() - IDLE_MS)
  }

  async #end(before: number): Promise<void> {
    const portions = [...takeIdle(this.#ofUsers, before), ...takeIdle(this.#ofAddresses, before)]
    for (let at = 0; at < portions.length; at += SLICE) {
      await Promise.all(portions.slice(at, at + SLICE).map((portion) => portion.end()))
    }
  }
}

function* takeIdle(uses: Map<string, DayUse>, before: number): Generator<DayPortion> {
  for (const [name, { usedAt, bytes, keys }] of uses) {
    if (usedAt >= before) continue
    uses.delete(name)
    if (bytes !== null) yield bytes
    if (keys !== null) yield keys
  }
}
