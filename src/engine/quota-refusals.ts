// What a publisher is told whose message would go over a quota of a day, or over what is kept of
// idempotency keys: the same by every engine.
import { REPLY } from '../protocol/errors.ts'
import type { LimitName } from '../protocol/limits.ts'
import type { Bounds } from './bounds.ts'
import { EngineUnavailable, type Full } from './engine.ts'
import type { QuotaName } from './quotas.ts'

/** All keys that are kept at a time are too many. */
export function tooManyKeys({ storedKeys: { all, retryAfter } }: Bounds): EngineUnavailable {
  const full = { limit: 'storedKeys', reply: REPLY.unavailable, retryAfter } as const
  return new EngineUnavailable(all?.sentence ?? '', full)
}

/** `msLeft` is what is left of the day (UTC), here and below. */
export function overKeysOfDay({ storedKeys: { user } }: Bounds, msLeft: number): EngineUnavailable {
  return new EngineUnavailable(user?.sentence ?? '', overDay('storedKeys', msLeft))
}

export function overQuota(quota: QuotaName, bounds: Bounds, msLeft: number): EngineUnavailable {
  const { perDay, sentence } = bounds[quota]
  return new EngineUnavailable(sentence, overDay(perDay.limit, msLeft))
}

/** A quota is whole again at the next midnight in UTC. */
function overDay(limit: LimitName, msLeft: number): Full {
  return { limit, reply: REPLY.quotaReached, retryAfter: Math.ceil(msLeft / 1_000) }
}
