// Why the writer thread did not keep a draft, as the error that its publisher gets.
import type { Bounds } from '../bounds.ts'
import { KeyConflict } from '../message-log.ts'
import { overKeysOfDay, overQuota, tooManyKeys } from '../quota-refusals.ts'
import { DAY_MS } from './daily-use.ts'
import { NOT_KEPT } from './packed-drafts.ts'

/** `why` is a value of NOT_KEPT; `now` is the clock's, in milliseconds since 1970. */
export function draftRefusal(why: number, bounds: Bounds, now: number): Error {
  const msLeft = DAY_MS - (now % DAY_MS)
  switch (why) {
    case NOT_KEPT.tooManyKeys:
      return tooManyKeys(bounds)
    case NOT_KEPT.storedBytes:
      return overQuota('storedBytes', bounds, msLeft)
    case NOT_KEPT.newRooms:
      return overQuota('newRooms', bounds, msLeft)
    case NOT_KEPT.keysOfDay:
      return overKeysOfDay(bounds, msLeft)
    default:
      return new KeyConflict()
  }
}
