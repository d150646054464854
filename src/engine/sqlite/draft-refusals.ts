// Why the writer thread did not keep a draft, as the error that its publisher gets.
import { REPLY } from '../../protocol/errors.ts'
import type { Bounds } from '../bounds.ts'
import { EngineUnavailable } from '../engine.ts'
import { KeyConflict } from '../message-log.ts'
import type { QuotaName } from '../quotas.ts'
import { DAY_MS } from './daily-use.ts'
import { NOT_KEPT } from './packed-drafts.ts'

/** `why` is a value of NOT_KEPT; `now` is the clock's, in milliseconds since 1970. */
export function draftRefusal(why: number, bounds: Bounds, now: number): Error {
  switch (why) {
    case NOT_KEPT.tooManyKeys:
      return tooManyKeys(bounds)
    case NOT_KEPT.storedBytes:
      return overQuota('storedBytes', bounds, now)
    case NOT_KEPT.newRooms:
      return overQuota('newRooms', bounds, now)
    default:
      return new KeyConflict()
  }
}

/** The keys on the disk have a number of their own, which the writing thread keeps. */
function tooManyKeys({ keys: { all, retryAfter } }: Bounds): EngineUnavailable {
  const full = { limit: 'idempotencyKeys', reply: REPLY.unavailable, retryAfter } as const
  return new EngineUnavailable(all?.sentence ?? '', full)
}

/** A quota is whole again at the next midnight in UTC. */
function overQuota(quota: QuotaName, bounds: Bounds, now: number): EngineUnavailable {
  const { perDay, sentence } = bounds[quota]
  const retryAfter = Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000)
  return new EngineUnavailable(sentence, {
    ...{ limit: perDay.limit, reply: REPLY.quotaReached, retryAfter },
  })
}
