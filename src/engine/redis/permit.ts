// How far an append may go, as the quotas of a day have it: what the log and the quotas say to each
// other.
import type { Position } from '../../protocol/message.ts'
import { EngineUnavailable } from '../engine.ts'
import { KeyConflict } from '../message-log.ts'
import type { Holder } from '../shares.ts'

/** A draft that would be kept, or whose key would be; or a participant. */
export interface Wish {
  /** Null where the draft itself is not kept: it begins no room. */
  readonly room: string | null
  readonly holder: Holder
  /** Of its payload, as far as it is kept; of a participant, what they count as. */
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
 * What came of an append: nothing where it is `repeated`, and a room began with it where it has the
 * offset 1.
 */
export interface Kept {
  readonly repeated: boolean
  readonly position: Pick<Position, 'offset'> | null
}

/**
 * Appends as far as it may; null where nothing was done. A key is looked up before all else. The
 * first message of a room that did not exist MUST have the offset 1.
 */
export type Append<Answer extends Kept> = (permit: Permit) => Promise<Answer | null>

export interface Quotas {
  /**
   * Calls `append` as far as the quotas allow, at once where this node holds enough of them, and
   * in the order of these calls for one holder and for one room. Rejects as `append` does, and
   * with EngineUnavailable over a quota: then a key that is known is still answered.
   */
  within<Answer extends Kept>(wish: Wish, append: Append<Answer>): Promise<Answer>
}

export const NO_QUOTAS: Quotas = {
  within: <Answer extends Kept>(_: Wish, append: Append<Answer>) =>
    append('begin') as Promise<Answer>,
}

/** Whether nothing was kept for sure, so that what was counted for it can be given back. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof EngineUnavailable) return error.outcome === 'nothing'
  return error instanceof KeyConflict
}
