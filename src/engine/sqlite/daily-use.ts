// What each user has used of the quotas of a day (S45), in the writer thread: counted in memory
// with each draft that is kept, and written to the store now and then and at the end.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Bounds } from '../bounds.ts'
import type { QuotaName } from '../quotas.ts'
import { type Holder, SITE_SHARES, siteOf } from '../shares.ts'

/** How much a user may use of a day; null is no limit. */
export type Quotas = Readonly<Record<QuotaName, number | null>>

export const NO_QUOTAS: Quotas = Object.freeze({ storedBytes: null, newRooms: null })

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
  addedBytes: number
  addedRooms: number
}

/** A row as it was written in the open transaction. */
type Written = Readonly<{ holder: string; day: number; bytes: number; rooms: number }>

export function quotasOf(bounds: Bounds): Quotas {
  const { storedBytes, newRooms } = bounds
  return { storedBytes: storedBytes.perDay.most, newRooms: newRooms.perDay.most }
}

/**
 * Whose quota a draft counts for: its user's, else its address's. Null for server keys and exempt
 * addresses, which have none. No user id has a space or a slash: `siteOf` gives a /48 for holders
 * that are a /64, and for no others.
 */
export function quotaHolderOf({ user, address }: Holder): string | null {
  return user ?? (address === null ? null : `address ${address}`)
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
    this.#load = db.prepare('SELECT day, bytes, rooms FROM daily_use WHERE holder = ?')
    this.#save = db.prepare(`
      INSERT OR REPLACE INTO daily_use (holder, day, bytes, rooms)
      VALUES (:holder, :day, :bytes, :rooms)`)
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

  /** Writes what at most so many users have used; returns how many it were. */
  keep(limit: number): number {
    let count = 0
    for (const holder of this.#dirty) {
      if (count === limit) break
      const { day, bytes, rooms } = this.#held.get(holder) as Use
      const row = { holder, day, bytes, rooms }
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
    for (const use of this.#added) {
      use.addedBytes = 0
      use.addedRooms = 0
    }
    this.#added = []
    for (const { holder, day, bytes, rooms } of this.#written) {
      const use = this.#held.get(holder)
      const isSame = use?.day === day && use.bytes === bytes && use.rooms === rooms
      if (isSame) this.#dirty.delete(holder)
    }
    this.#written = []
    if (this.#held.size > HELD_MAX) this.#forgetClean()
  }

  /** MUST be called when the transaction was taken back: it has used nothing. */
  takeBack(): void {
    for (const use of this.#added) {
      use.bytes -= use.addedBytes
      use.rooms -= use.addedRooms
      use.addedBytes = 0
      use.addedRooms = 0
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
    if (use.addedBytes === 0 && use.addedRooms === 0) {
      this.#added.push(use)
      this.#dirty.add(use.holder)
    }
    use.bytes += bytes
    use.addedBytes += bytes
    if (!beginsRoom) return
    use.rooms += 1
    use.addedRooms += 1
  }

  /**
   * A clock that was set back begins no day again; but a day further ahead was counted by a wrong
   * clock, and users would wait for it in vain.
   */
  #of(holder: string, day: number): Use {
    let use = this.#held.get(holder)
    if (use === undefined) {
      const row = this.#load.get(holder) as
        | { day: number; bytes: number; rooms: number }
        | undefined
      use = { holder, ...(row ?? { day, bytes: 0, rooms: 0 }), addedBytes: 0, addedRooms: 0 }
      this.#held.set(holder, use)
    }
    if (use.day < day || use.day > day + 1) {
      Object.assign(use, { day, bytes: 0, rooms: 0, addedBytes: 0, addedRooms: 0 })
    }
    return use
  }

  #forgetClean(): void {
    for (const holder of this.#held.keys()) {
      if (!this.#dirty.has(holder)) this.#held.delete(holder)
    }
  }
}
