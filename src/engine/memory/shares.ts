// The shares of one process: counts and meters by user and by address, without entries at zero.
// What other nodes hold comes from `othersOf`, where a bound is shared with them.
import type { Clock } from '../../time/clock.ts'
import type { Bounds, HeldBound, HeldName } from '../bounds.ts'
import type { RateName } from '../rates.ts'
import type { Shares } from '../shares.ts'
import { HeldCounts, type OtherNodesOf } from './held-counts.ts'
import { RateMeters } from './rate-meters.ts'

/** The other nodes that share a bound with this one; undefined where none does. */
export type OthersOf = (bound: HeldName, row: HeldBound) => OtherNodesOf | undefined

export function createMemoryShares(
  bounds: Bounds,
  clock: Clock,
  othersOf: OthersOf = () => undefined,
): Shares {
  const held = new Map<string, HeldCounts>()
  const rated = new Map<string, RateMeters>()
  for (const [name, bound] of Object.entries(bounds)) {
    // The engine itself compares what it keeps with the other rows.
    if (!('all' in bound) || 'perDay' in bound) continue
    if ('seconds' in bound) rated.set(name, new RateMeters(bound, clock.stalled))
    else held.set(name, new HeldCounts(bound, othersOf(name as HeldName, bound)))
  }
  const countsOf = (bound: HeldName) => held.get(bound) as HeldCounts
  const metersOf = (rate: RateName) => rated.get(rate) as RateMeters
  return {
    take: (bound, holder, bytes = 0, onDisplaced = null) =>
      countsOf(bound).take(holder, bytes, onDisplaced),
    spend: (rate, holder, bytes = 0) => metersOf(rate).spend(holder, bytes, clock.elapsed()),
    charge: (rate, holder, bytes) => metersOf(rate).charge(holder, bytes, clock.elapsed()),
    restore: (rate) => metersOf(rate).restore(),
    meter: (rate, user) => metersOf(rate).ofUser(user, clock.elapsed()),
    held: (bound) => countsOf(bound).held,
    holders: (bound) => (held.get(bound) ?? rated.get(bound))?.holders ?? 0,
    sweep(elapsed) {
      for (const meters of rated.values()) meters.sweep(elapsed)
    },
  }
}
