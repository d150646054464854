// What each user has used of the quotas of a day (S45), in the writer thread: counted in memory
// with each draft that is kept, and written to the store now and then and at the end.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Bounds } from '../bounds.ts'
import type { QuotaName } from '../quotas.ts'
import { type Holder, SITE_SHARES, siteOf } from '../shares.ts'

/** How much a user may use of a day; null is no limit. */
export type Quotas = Readonly<
  Record<QuotaName, number | null> & {
    /** Messages with a key, of a user; and those of all users of one address. */
    readonly keys: number | null
    readonly keysOfAddress: number | null
  }
>

export const NO_QUOTAS: Quotas = Object.freeze({
  ...{ storedBytes: null, newRooms: null, keys: null, keysOfAddress: null },
})

/** How long a day of quotas is, in milliseconds; days begin at midnight in UTC. */
export const DAY_MS = 86_400_000
/** Users held in memory, more or less; others are read again when they are needed. */
const HELD_MAX = 50_000

/** What one user has used of a day, with what the open transaction adds. */
interface Use {
  readonly holder: string
  day: number
  bytes: number
  rooms: number
  keys: number
  addedBytes: number
  addedRooms: number
  addedKeys: number
}

/** A row as it was written in the open transaction. */
type Written = Readonly<Pick<Use, 'holder' | 'day' | 'bytes' | 'rooms' | 'keys'>>

const NONE = { bytes: 0, rooms: 0, keys: 0 } as const
const NONE_ADDED = { addedBytes: 0, addedRooms: 0, addedKeys: 0 } as const

export function quotasOf(bounds: Bounds): Quotas {
  const { storedBytes, newRooms, storedKeys } = bounds
  return {
    storedBytes: storedBytes.perDay.most,
    newRooms: newRooms.perDay.most,
    keys: storedKeys.user?.count?.most ?? null,
    keysOfAddress: storedKeys.address?.count?.most ?? null,
  }
}

/**
 * Whose quota a draft counts for: its user's, else its address's. Null for server keys and exempt
 * addresses, which have none. No user id has a space or a slash: `siteOf` gives a /48 for holders
 * that are a /64, and for no others.
 */
export function quotaHolderOf({ user, address }: Holder): string | null {
  return user ?? (address === null ? null : holderAt(address))
}

function holderAt(address: string): string {
  return `address ${address}`
}

export class DailyUse {
  readonly #quotas: Quotas
  readonly #load: StatementSync
  readonly #save: StatementSync
  readonly #sweep: StatementSync
  readonly #some: StatementSync
  readonly #held = new Map<string, Use>()
  /** Holders whose use in memory differs from the store. */
  readonly #dirty = new Set<string>()
  /** Uses that the open transaction has added to, and rows that it has written. */
  #added: Use[] = []
  #written: Written[] = []

  constructor(db: DatabaseSync, quotas: Quotas) {
    this.#quotas = quotas
    this.#load = db.prepare('SELECT day, bytes, rooms, keys FROM daily_use WHERE holder = ?')
    this.#save = db.prepare(`
      INSERT OR REPLACE INTO daily_use (holder, day, bytes, rooms, keys)
      VALUES (:holder, :day, :bytes, :rooms, :keys)`)
    this.#sweep = db.prepare(`
      DELETE FROM daily_use WHERE day < :day AND holder > :after AND holder <= :last`)
    this.#some = db.prepare(`
      SELECT max(holder) AS last, count(*) AS rows FROM
        (SELECT holder FROM daily_use WHERE holder > :after ORDER BY holder LIMIT :limit)`)
  }

  /** How many users are in memory, for tests of clean-up. */
  get held(): number {
    return this.#held.size
  }

  /** Counts a draft that will be kept, unless that is over a quota, which is then returned. */
  take(holder: string, time: number, bytes: number, beginsRoom: boolean): QuotaName | null {
    const day = Math.floor(time / DAY_MS)
    const site = siteOf(holder)
    const use = this.#of(holder, day)
    const ofSite = site === null ? null : this.#of(site, day)
    const over =
      this.#over(use, bytes, beginsRoom, 1) ??
      (ofSite && this.#over(ofSite, bytes, beginsRoom, SITE_SHARES))
    if (over !== null) return over
    this.#count(use, bytes, beginsRoom)
    if (ofSite !== null) this.#count(ofSite, bytes, beginsRoom)
    return null
  }

  /** Whether this user, and all at this address together, may keep one more key of the day. */
  mayKeepKey(user: string, address: string | null, time: number): boolean {
    const { keys, keysOfAddress } = this.#quotas
    const day = Math.floor(time / DAY_MS)
    const has = (holder: string, most: number | null) =>
      most === null || this.#of(holder, day).keys < most
    if (!has(user, keys)) return false
    if (address === null || keysOfAddress === null) return true
    const site = siteOf(address)
    const fits = site === null || has(holderAt(site), keysOfAddress * SITE_SHARES)
    return fits && has(holderAt(address), keysOfAddress)
  }

  /** Counts a key that will be kept. */
  countKey(user: string, address: string | null, time: number): void {
    const day = Math.floor(time / DAY_MS)
    this.#countKey(this.#of(user, day))
    if (address === null) return
    this.#countKey(this.#of(holderAt(address), day))
    const site = siteOf(address)
    if (site !== null) this.#countKey(this.#of(holderAt(site), day))
  }

  #countKey(use: Use): void {
    this.#touch(use)
    use.keys += 1
    use.addedKeys += 1
  }

  /** Writes what at most so many users have used; returns how many it were. */
  keep(limit: number): number {
    let count = 0
    for (const holder of this.#dirty) {
      if (count === limit) break
      const { day, bytes, rooms, keys } = this.#held.get(holder) as Use
      const row = { holder, day, bytes, rooms, keys }
      this.#save.run(row)
      this.#written.push(row)
      count += 1
    }
    return count
  }

  /**
   * Deletes rows of days before `day`, among the next `limit` rows after a holder. Returns the
   * holder to go on after; null when no row is left.
   */
  sweep({ day, after, limit }: { day: number; after: string; limit: number }): string | null {
    const some = this.#some.get({ after, limit }) as { last: string | null; rows: number }
    if (some.last === null) return null
    this.#sweep.run({ day, after, last: some.last })
    return some.rows < limit ? null : some.last
  }

  /** MUST be called when the transaction is on disk. */
  settle(): void {
    for (const use of this.#added) Object.assign(use, NONE_ADDED)
    this.#added = []
    for (const { holder, day, bytes, rooms, keys } of this.#written) {
      const use = this.#held.get(holder)
      const isSame = use?.day === day && use.bytes === bytes && use.rooms === rooms
      if (isSame && use.keys === keys) this.#dirty.delete(holder)
    }
    this.#written = []
    if (this.#held.size > HELD_MAX) this.#forgetClean()
  }

  /** MUST be called when the transaction was taken back: it has used nothing. */
  takeBack(): void {
    for (const use of this.#added) {
      use.bytes -= use.addedBytes
      use.rooms -= use.addedRooms
      use.keys -= use.addedKeys
      Object.assign(use, NONE_ADDED)
    }
    this.#added = []
    this.#written = []
  }

  #over(use: Use, bytes: number, beginsRoom: boolean, shares: number): QuotaName | null {
    const { storedBytes, newRooms } = this.#quotas
    if (storedBytes !== null && use.bytes + bytes > storedBytes * shares) return 'storedBytes'
    return beginsRoom && newRooms !== null && use.rooms >= newRooms * shares ? 'newRooms' : null
  }

  #count(use: Use, bytes: number, beginsRoom: boolean): void {
    this.#touch(use)
    use.bytes += bytes
    use.addedBytes += bytes
    if (!beginsRoom) return
    use.rooms += 1
    use.addedRooms += 1
  }

  /** MUST be called before something is added to a use. */
  #touch(use: Use): void {
    if (use.addedBytes > 0 || use.addedRooms > 0 || use.addedKeys > 0) return
    this.#added.push(use)
    this.#dirty.add(use.holder)
  }

  /**
   * A clock that was set back begins no day again; but a day further ahead was counted by a wrong
   * clock, and users would wait for it in vain.
   */
  #of(holder: string, day: number): Use {
    let use = this.#held.get(holder)
    if (use === undefined) {
      const row = this.#load.get(holder) as Omit<Written, 'holder'> | undefined
      use = { holder, ...(row ?? { day, ...NONE }), ...NONE_ADDED }
      this.#held.set(holder, use)
    }
    if (use.day < day || use.day > day + 1) {
      Object.assign(use, { day, ...NONE, ...NONE_ADDED })
    }
    return use
  }

  #forgetClean(): void {
    for (const holder of this.#held.keys()) {
      if (!this.#dirty.has(holder)) this.#held.delete(holder)
    }
  }
}
