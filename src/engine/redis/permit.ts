// How far an append may go: what the quotas of a day leave to it.
import { EngineUnavailable } from '../engine.ts'
import { type Appended, KeyConflict } from '../message-log.ts'

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

/** Whether nothing was kept for sure, so that what was counted for it can be given back. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof EngineUnavailable) return error.outcome === 'nothing'
  return error instanceof KeyConflict
}
