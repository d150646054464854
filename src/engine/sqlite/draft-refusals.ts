// Why the writer thread did not keep a draft, as the error that its publisher gets.
import { REPLY } from '../../protocol/errors.ts'
import type { LimitName } from '../../protocol/limits.ts'
import type { Bounds } from '../bounds.ts'
import { EngineUnavailable, type Full } from '../engine.ts'
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
    case NOT_KEPT.keysOfDay:
      return overKeysOfDay(bounds, now)
    default:
      return new KeyConflict()
  }
}

function tooManyKeys({ storedKeys: { all, retryAfter } }: Bounds): EngineUnavailable {
  const full = { limit: 'storedKeys', reply: REPLY.unavailable, retryAfter } as const
  return new EngineUnavailable(all?.sentence ?? '', full)
}

function overKeysOfDay({ storedKeys: { user } }: Bounds, now: number): EngineUnavailable {
  return new EngineUnavailable(user?.sentence ?? '', overDay('storedKeys', now))
}

function overQuota(quota: QuotaName, bounds: Bounds, now: number): EngineUnavailable {
  const { perDay, sentence } = bounds[quota]
  return new EngineUnavailable(sentence, overDay(perDay.limit, now))
}

/** A quota is whole again at the next midnight in UTC. */
function overDay(limit: LimitName, now: number): Full {
  const retryAfter = Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000)
  return { limit, reply: REPLY.quotaReached, retryAfter }
}
