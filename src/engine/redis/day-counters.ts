// What is counted of a day, as the table of bounds has it: bytes and rooms of a user or an address,
// and idempotency keys of a user, of an address and of all.
import type { Bounds } from '../bounds.ts'
import type { EngineUnavailable } from '../engine.ts'
import { overKeysOfDay, overQuota, tooManyKeys } from '../quota-refusals.ts'
import { SITE_SHARES, siteOf } from '../shares.ts'
import type { DayCounter } from './day-counts.ts'
import type { Keys } from './keys.ts'

/** Some hundred messages of a kilobyte, or a thousand keys, cost one question to Redis. */
const PORTION_BYTES = 64 * 1024
const PORTION_KEYS = 1_000
/** So much of what a holder may use of a day is held by a node at most, and not used. */
const PORTION_OF_DAY = 1 / 100

type Field = DayCounter['field']
type Over = (msLeft: number) => EngineUnavailable

/** The most of one field, and how it is refused; `most` is null where there is no limit. */
interface Row {
  readonly field: Field
  readonly most: number | null
  readonly over: Over
}

export class DayCounters {
  readonly #keys: Keys
  readonly #rows: Readonly<Record<'bytes' | 'rooms' | 'keys' | 'keysOfAddress', Row>>
  /** Of all, and what is left to others than server keys. */
  readonly all: { readonly servers: DayCounter | null; readonly others: DayCounter | null }

  constructor(bounds: Bounds, keys: Keys) {
    const { storedBytes, newRooms, storedKeys } = bounds
    const keyRow = (most: number | null | undefined, over: Over): Row => ({
      ...{ field: 'keys', most: most ?? null, over },
    })
    const overKeys: Over = (msLeft) => overKeysOfDay(bounds, msLeft)
    this.#keys = keys
    this.#rows = {
      bytes: {
        ...{ field: 'bytes', most: storedBytes.perDay.most },
        over: (msLeft) => overQuota('storedBytes', bounds, msLeft),
      },
      rooms: {
        ...{ field: 'rooms', most: newRooms.perDay.most },
        over: (msLeft) => overQuota('newRooms', bounds, msLeft),
      },
      keys: keyRow(storedKeys.user?.count?.most, overKeys),
      keysOfAddress: keyRow(storedKeys.address?.count?.most, overKeys),
    }
    // A key holds for a day, so what is kept at a time is of two days at most.
    const most = (storedKeys.all?.count?.most ?? Number.POSITIVE_INFINITY) / 2
    const ofAll = (part: number) => {
      const row = keyRow(Number.isFinite(most) ? Math.floor(most * part) : null, () =>
        tooManyKeys(bounds),
      )
      return counterOf(row, [keys.shared('use')])
    }
    this.all = { servers: ofAll(1), others: ofAll(1 - storedKeys.reserve) }
  }

  ofUser(user: string, field: Field): DayCounter | null {
    return counterOf(this.#rows[field], [this.#keys.user(user, 'use')])
  }

  ofAddress(address: string, field: Field): DayCounter | null {
    const row = this.#rows[field === 'keys' ? 'keysOfAddress' : field]
    const own = this.#keys.address(address, 'use')
    const site = siteOf(address)
    return counterOf(row, site === null ? [own] : [own, this.#keys.address(site, 'use')])
  }
}

/** Null where there is no limit. The second key is that of a /48. */
function counterOf({ field, most, over }: Row, keys: DayCounter['keys']): DayCounter | null {
  if (most === null) return null
  const portionMax = { bytes: PORTION_BYTES, rooms: 0, keys: PORTION_KEYS }[field]
  const portion = Math.min(portionMax, Math.floor(most * PORTION_OF_DAY))
  return { keys, field, most: [most, most * SITE_SHARES].slice(0, keys.length), portion, over }
}
