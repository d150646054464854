// How fast one bound is used: a meter for all, one per user, and one per address.
import type { LimitName } from '../../protocol/limits.ts'
import { Meter, type MeterRates, type NamedRate } from '../../time/meter.ts'
import type { StallReading } from '../../time/token-bucket.ts'
import type { Allowance, Cap } from '../portions.ts'
import type { RatedBound } from '../rates.ts'
import { type Holder, Reached, SITE_SHARES, siteOf, type Whose } from '../shares.ts'

/** The meters of users, or of addresses. */
class Meters {
  readonly #rates: MeterRates<LimitName>
  readonly #stallsUpTo: StallReading | undefined
  readonly #meters = new Map<string, Meter<LimitName>>()

  constructor(rates: MeterRates<LimitName>, stallsUpTo?: StallReading) {
    this.#rates = rates
    this.#stallsUpTo = stallsUpTo
  }

  get size(): number {
    return this.#meters.size
  }

  of(key: string, elapsed: number): Meter<LimitName> {
    let meter = this.#meters.get(key)
    if (meter === undefined) {
      meter = new Meter(this.#rates, elapsed, this.#stallsUpTo)
      this.#meters.set(key, meter)
    }
    return meter
  }

  sweep(elapsed: number): void {
    for (const [key, meter] of this.#meters) {
      if (meter.isIdle(elapsed)) this.#meters.delete(key)
    }
  }
}

/** One thing of so many bytes, taken now. */
interface Spending {
  bytes: number
  elapsed: number
  /** The fraction that must be left for server keys. */
  spared: number
}

export class RateMeters {
  readonly #bound: RatedBound
  readonly #all: Meter<LimitName> | null
  readonly #users: Meters
  readonly #addresses: Meters
  readonly #sites: Meters

  /** The rates of users get credit for stalls, where their row says so. */
  constructor(bound: RatedBound, stallsUpTo: StallReading) {
    const { all, user, address } = bound
    this.#bound = bound
    this.#all = all && new Meter(ratesOf(all, bound), 0)
    this.#users = new Meters(ratesOf(user, bound), bound.stallCredit && stallsUpTo)
    this.#addresses = new Meters(ratesOf(address, bound))
    this.#sites = new Meters(ratesOf(address, bound, SITE_SHARES))
  }

  get holders(): number {
    return this.#users.size + this.#addresses.size + this.#sites.size
  }

  ofUser(user: string, elapsed: number): Meter<LimitName> {
    return this.#users.of(user, elapsed)
  }

  spend(holder: Holder, bytes: number, elapsed: number): Reached | null {
    const { ofUser, ofAddress, ofSite } = this.#metersOf(holder, elapsed)
    const spared = holder.server === null ? this.#bound.reserve : 0
    const spending = { bytes, elapsed, spared: 0 }
    const reached =
      this.#over('user', ofUser, spending) ??
      this.#over('address', ofAddress, spending) ??
      this.#over('address', ofSite, spending) ??
      this.#over('all', this.#all, { ...spending, spared })
    if (reached !== null) return reached
    for (const meter of [ofUser, ofAddress, ofSite, this.#all]) meter?.count(bytes)
    return null
  }

  charge(holder: Holder, bytes: number, elapsed: number): void {
    const { ofUser, ofAddress, ofSite } = this.#metersOf(holder, elapsed)
    for (const meter of [ofUser, ofAddress, ofSite, this.#all]) meter?.charge(bytes)
  }

  restore(): void {
    this.#all?.restore()
  }

  sweep(elapsed: number): void {
    for (const meters of [this.#users, this.#addresses, this.#sites]) meters.sweep(elapsed)
  }

  #metersOf({ user, address }: Holder, elapsed: number) {
    const isOfUser = user !== null && this.#bound.user !== null
    const isOfAddress = address !== null && this.#bound.address !== null
    const site = isOfAddress ? siteOf(address) : null
    return {
      ofUser: isOfUser ? this.#users.of(user, elapsed) : null,
      ofAddress: isOfAddress ? this.#addresses.of(address, elapsed) : null,
      ofSite: site === null ? null : this.#sites.of(site, elapsed),
    }
  }

  #over(whose: Whose, meter: Meter<LimitName> | null, spending: Spending): Reached | null {
    const { bytes, elapsed, spared } = spending
    const limit = meter?.over(bytes, elapsed, spared) ?? null
    if (meter === null || limit === null) return null
    const sentence = this.#bound[whose]?.sentence ?? ''
    return new Reached(limit, whose, meter.waitSeconds(bytes), sentence)
  }
}

function ratesOf(
  allowance: Allowance | null,
  { seconds, burst = 1 }: RatedBound,
  shares = 1,
): MeterRates<LimitName> {
  const rateOf = (cap: Cap | null): NamedRate<LimitName> | null => {
    if (cap === null || cap.most === null) return null
    const most = cap.most * shares
    return { limit: cap.limit, rate: { burst: most * burst, perSecond: most / seconds } }
  }
  return { count: rateOf(allowance?.count ?? null), bytes: rateOf(allowance?.bytes ?? null) }
}
