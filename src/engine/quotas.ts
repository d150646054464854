// The rows of the table of bounds on what is kept: of one user in a day, and of all in the store.
import type { Limits } from '../protocol/limits.ts'
import { type Cap, type Shared, shared } from './portions.ts'

/**
 * What one user may use of a day (UTC), an address where no user is known. The engine counts it
 * with what it keeps, so that it survives a restart; server keys have no quota.
 */
export interface QuotaBound {
  readonly perDay: Cap
  /** Tells a refused client what to do. */
  readonly sentence: string
}

/**
 * Idempotency keys that are kept with messages: of all at a time, and of one user and one address
 * those of a day (UTC). The engine counts them as quotas.
 */
export interface KeysBound extends Shared {
  readonly perDay: true
  /** Seconds until another try may succeed, where all is used up. */
  readonly retryAfter: number
}

/** How large the store may be, and how much stays free on its volume. */
export interface SpaceBound {
  readonly bytes: Cap
  /** The least; see `StoreSpace` for what it is compared with. */
  readonly free: Cap
  /** Tells a refused client what to do. */
  readonly sentence: string
  /** Seconds until another try may succeed. */
  readonly retryAfter: number
}

/** The quotas of a day, of which a message takes when it is kept, and only then. */
export type QuotaName =
  /** Bytes of payload that are kept. */
  | 'storedBytes'
  /** Rooms with history that did not exist before. */
  | 'newRooms'

/** What a user who becomes a participant of a room counts as, in stored bytes of the day. */
export const PARTICIPANT_BYTES = 256

export function quotasOf(limits: Limits): Record<QuotaName, QuotaBound> {
  const quota = (limit: keyof Limits, sentence: string): QuotaBound => ({
    ...{ perDay: { limit, most: limits[limit] }, sentence },
  })
  return {
    storedBytes: quota(
      'storedBytesPerDayPerUser',
      'Your messages of today are all that may be kept of a day: go on tomorrow (UTC).',
    ),
    newRooms: quota(
      'newRoomsPerDayPerUser',
      'You have begun as many rooms as one may in a day: go on tomorrow (UTC).',
    ),
  }
}

/** Of 64 bytes on disk and 2 in memory each; so many are those of a day of 1,000 in a second. */
const STORED_KEYS_MAX = 100_000_000

export function keysOf(): KeysBound {
  const limit = 'storedKeys'
  const all = shared({
    count: { limit, most: STORED_KEYS_MAX },
    bytes: null,
    sentence: 'Too many idempotency keys are kept: publish without one, or try again in an hour.',
  })
  const sentence =
    'You have published as many messages with an idempotency key as one may in a day: go on ' +
    'without, or tomorrow (UTC).'
  const of = (part: Shared['user']) => part && { ...part, sentence }
  return { ...all, user: of(all.user), address: of(all.address), perDay: true, retryAfter: 3_600 }
}

export function spaceOf({ storeBytes, storeFreeBytes }: Limits): SpaceBound {
  return {
    bytes: { limit: 'storeBytes', most: storeBytes },
    free: { limit: 'storeFreeBytes', most: storeFreeBytes },
    sentence: 'The store is full, and keeps no further messages and accounts: try again later.',
    retryAfter: 30,
  }
}
