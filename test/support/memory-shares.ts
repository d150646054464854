// The shares of one process, with the limits or the rows of the table that a test is about.
import { type Bounds, boundsOf, type HeldBound } from '../../src/engine/bounds.ts'
import { createMemoryShares } from '../../src/engine/memory/shares.ts'
import type { Allowance } from '../../src/engine/portions.ts'
import type { RatedBound } from '../../src/engine/rates.ts'
import type { Shares } from '../../src/engine/shares.ts'
import { DEFAULT_LIMITS, type LimitName, type Limits } from '../../src/protocol/limits.ts'
import type { Clock } from '../../src/time/clock.ts'
import { ManualClock } from './manual-clock.ts'

export function sharesWithin(limits: Partial<Limits> = {}, clock: Clock = new ManualClock()) {
  return createMemoryShares(boundsWithin(limits), clock)
}

export function boundsWithin(limits: Partial<Limits> = {}): Bounds {
  return boundsOf({ ...DEFAULT_LIMITS, ...limits })
}

export function sharesOf(rows: Partial<Bounds>, clock: Clock = new ManualClock()): Shares {
  return createMemoryShares({ ...boundsWithin(), ...rows }, clock)
}

/** The bounds of all, of a user and of an address, as a count or in bytes. */
interface Caps {
  all?: number | undefined
  user?: number | undefined
  address?: number | undefined
  reserve?: number | undefined
  of?: 'count' | 'bytes'
}

/** A row of the table. */
export function heldRow(limit: LimitName, caps: Caps): HeldBound {
  return { ...sharedOf(limit, caps), retryAfter: 1 }
}

export function ratedRow(limit: LimitName, caps: Caps, seconds = 1): RatedBound {
  return { ...sharedOf(limit, caps), seconds }
}

function sharedOf(limit: LimitName, { reserve = 0, of = 'count', ...caps }: Caps) {
  const allowance = (most: number | undefined): Allowance | null =>
    most === undefined
      ? null
      : { count: null, bytes: null, [of]: { limit, most }, sentence: 'Wait.' }
  const { all, user, address } = caps
  return { all: allowance(all), user: allowance(user), address: allowance(address), reserve }
}
