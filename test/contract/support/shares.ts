// What the contracts of shares need: two nodes, holders, and shares that must be given.
import type { Test } from 'tap'
import type { Bounds } from '../../../src/engine/bounds.ts'
import {
  type Holder,
  NO_HOLDER,
  Reached,
  type Share,
  type Shares,
} from '../../../src/engine/shares.ts'

/** The shares of two nodes, or of the same one twice. */
export interface SharedShares {
  shares: readonly [Shares, Shares]
  /** Resolves when each has been told the shares of the other. */
  told(): Promise<void>
  /** The `elapsed()` of their clock. */
  elapsed(): number
}

/** Opens shares of which nothing is taken yet, with these rows of the table. */
export type OpenShares = (t: Test, rows: Partial<Bounds>) => Promise<SharedShares>

export const ANN = { ...NO_HOLDER, user: 'u_ann' }
export const BOB = { ...NO_HOLDER, user: 'u_bob' }
export const BACKEND = { ...NO_HOLDER, server: 'backend' }

export function from(address: string): Holder {
  return { ...NO_HOLDER, address }
}

/** Fails the test where nothing was given. */
export function given(share: Share | Reached): Share {
  if (share instanceof Reached) throw new Error(`${share.limit} was reached`)
  return share
}
