// How far an append may go, as the quotas of a day have it: what the log and the quotas say to each
// other.
import { EngineUnavailable } from '../engine.ts'
import { type Appended, KeyConflict } from '../message-log.ts'
import type { Holder } from '../shares.ts'

/** A draft that would be kept, or whose key would be. */
export interface Wish {
  /** Null where the draft itself is not kept: it begins no room. */
  readonly room: string | null
  readonly holder: Holder
  /** Of its payload, as far as it is kept. */
  readonly bytes: number
  readonly hasKey: boolean
}

export type Permit =
  /** Only the answer to a key that is known (or KeyConflict) may be given: else null. */
  | 'repeat'
  /** As `begin`, but that a room which does not exist is not begun: then null. */
  | 'append'
  /** It may keep the draft, in a new room too. Never null. */
  | 'begin'

/**
 * Appends as far as it may; null where nothing was done. A key is looked up before all else. The
 * first message of a room that did not exist MUST have the offset 1.
 */
export type Append = (permit: Permit) => Promise<Appended | null>

export interface Quotas {
  /**
   * Calls `append` as far as the quotas allow, at once where this node holds enough of them, and
   * in the order of these calls for one holder and for one room. Rejects as `append` does, and
   * with EngineUnavailable over a quota: then a key that is known is still answered.
   */
  within(wish: Wish, append: Append): Promise<Appended>
}

export const NO_QUOTAS: Quotas = {
  within: (_, append) => append('begin') as Promise<Appended>,
}

/** Whether nothing was kept for sure, so that what was counted for it can be given back. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof EngineUnavailable) return error.outcome === 'nothing'
  return error instanceof KeyConflict
}
