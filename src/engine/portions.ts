// How much of a bound there is for all, and which part of it one user and one address may have.
import type { LimitName, Limits } from '../protocol/limits.ts'

/** A number, and the name under which a refusal and the metrics report it. `null` is no limit. */
export interface Cap {
  readonly limit: LimitName
  readonly most: number | null
}

/** Caps on the number of things and on their bytes; `bytes` is null where no bytes are counted. */
export interface Allowance {
  readonly count: Cap | null
  readonly bytes: Cap | null
  /** Tells a refused client what to do; `{seconds}` is the time to wait. */
  readonly sentence: string
}

export interface Shared {
  readonly all: Allowance | null
  /** The part of the bound that one user may have. */
  readonly user: Allowance | null
  /** The part that one IPv4 address or one /64 may have; a /48 may have four times as much. */
  readonly address: Allowance | null
  /** The fraction of `all` that only server keys may take. */
  readonly reserve: number
}

/** What one user, and one address, may have of a bound that an operator does not set. */
const OF_USER = 1 / 20
export const OF_ADDRESS = 1 / 10
/** What is kept for server keys: a flood of users must not silence the back ends. */
const RESERVE = 1 / 10

export const NO_SHARES = { all: null, user: null, address: null, reserve: 0 } as const

export function counted(limits: Limits, limit: keyof Limits, sentence: string): Allowance {
  return { count: { limit, most: limits[limit] }, bytes: null, sentence }
}

/** A bound of which a user and an address have fixed parts. */
export function shared(all: Allowance): Shared {
  return {
    all,
    user: partsOf(all, OF_USER),
    address: partsOf(all, OF_ADDRESS),
    reserve: RESERVE,
  }
}

export function partsOf({ count, bytes, sentence }: Allowance, part: number): Allowance {
  const of = (cap: Cap | null) => cap && { limit: cap.limit, most: partOf(cap.most, part) }
  return { count: of(count), bytes: of(bytes), sentence }
}

export function partOf(most: number | null, part: number): number | null {
  return most === null ? null : Math.ceil(most * part)
}
