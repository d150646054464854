// The rows of the table of bounds on what is kept: of one user in a day, and of all in the store.
import type { Limits } from '../protocol/limits.ts'
import type { Cap } from './portions.ts'

/**
 * What one user may use of a day (UTC), an address where no user is known. The engine counts it
 * with what it keeps, so that it survives a restart; server keys have no quota.
 */
export interface QuotaBound {
  readonly perDay: Cap
  /** Tells a refused client what to do. */
  readonly sentence: string
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

export function spaceOf({ storeBytes, storeFreeBytes }: Limits): SpaceBound {
  return {
    bytes: { limit: 'storeBytes', most: storeBytes },
    free: { limit: 'storeFreeBytes', most: storeFreeBytes },
    sentence: 'The store is full, and keeps no further messages and accounts: try again later.',
    retryAfter: 30,
  }
}
