// How much of one bound is held: in all, by each user, and by each address.
import type { LimitName } from '../../protocol/limits.ts'
import type { Allowance, HeldBound } from '../bounds.ts'
import { type Holder, Reached, type Share, SITE_SHARES, siteOf, type Whose } from '../shares.ts'

/** Numbers by key, without entries at zero. */
class Counts {
  readonly #counts = new Map<string, number>()

  get size(): number {
    return this.#counts.size
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  add(key: string, change: number): void {
    const count = this.of(key) + change
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}

/** What each user, or each address, holds; without an allowance nothing is counted. */
class Portions {
  readonly #allowance: Allowance | null
  readonly #counts: Counts | null
  readonly #bytes: Counts | null

  constructor(allowance: Allowance | null) {
    this.#allowance = allowance
    this.#counts = allowance && new Counts()
    this.#bytes = allowance?.bytes ? new Counts() : null
  }

  get size(): number {
    return this.#counts?.size ?? 0
  }

  /**
   * The limit that `bytes` more would exceed for this key, which has `shares` times the allowance.
   */
  over(key: string, bytes: number, shares: number): LimitName | null {
    if (this.#allowance === null) return null
    const held = { count: this.#counts?.of(key) ?? 0, bytes: this.#bytes?.of(key) ?? 0 }
    return over(this.#allowance, held, { bytes, shares })
  }

  add(key: string, change: 1 | -1, bytes: number): void {
    this.#counts?.add(key, change)
    this.#bytes?.add(key, change * bytes)
  }
}

export class HeldCounts {
  readonly #bound: HeldBound
  readonly #users: Portions
  readonly #addresses: Portions
  #count = 0
  #bytes = 0

  constructor(bound: HeldBound) {
    this.#bound = bound
    this.#users = new Portions(bound.user)
    this.#addresses = new Portions(bound.address)
  }

  get held(): number {
    return this.#count
  }

  get holders(): number {
    return this.#users.size + this.#addresses.size
  }

  take({ user, address, server }: Holder, bytes: number): Share | Reached {
    const spared = server === null ? this.#bound.reserve : 0
    const reached =
      this.#overAll(bytes, spared) ??
      (user === null ? null : this.overUser(user, bytes)) ??
      (address === null ? null : this.#overAddress(address, bytes))
    if (reached !== null) return reached
    this.#count += 1
    this.#bytes += bytes
    if (user !== null) this.addUser(user, 1, bytes)
    if (address !== null) this.#addAddress(address, 1, bytes)
    return new HeldShare(this, user, address, bytes)
  }

  /** Only HeldShare calls this and the two methods below. */
  give(user: string | null, address: string | null, bytes: number): void {
    this.#count -= 1
    this.#bytes -= bytes
    if (user !== null) this.addUser(user, -1, bytes)
    if (address !== null) this.#addAddress(address, -1, bytes)
  }

  overUser(user: string, bytes: number): Reached | null {
    return this.#reached('user', this.#users.over(user, bytes, 1))
  }

  addUser(user: string, change: 1 | -1, bytes: number): void {
    this.#users.add(user, change, bytes)
  }

  #overAll(bytes: number, spared: number): Reached | null {
    const { all } = this.#bound
    if (all === null) return null
    const held = { count: this.#count + spared, bytes: this.#bytes }
    return this.#reached('all', over(all, held, { bytes, shares: 1 }))
  }

  #overAddress(address: string, bytes: number): Reached | null {
    const site = siteOf(address)
    const limit =
      this.#addresses.over(address, bytes, 1) ??
      (site === null ? null : this.#addresses.over(site, bytes, SITE_SHARES))
    return this.#reached('address', limit)
  }

  #addAddress(address: string, change: 1 | -1, bytes: number): void {
    this.#addresses.add(address, change, bytes)
    const site = siteOf(address)
    if (site !== null) this.#addresses.add(site, change, bytes)
  }

  #reached(whose: Whose, limit: LimitName | null): Reached | null {
    if (limit === null) return null
    const sentence = this.#bound[whose]?.sentence ?? ''
    return new Reached(limit, whose, this.#bound.retryAfter, sentence)
  }
}

class HeldShare implements Share {
  #counts: HeldCounts | null
  #user: string | null
  readonly address: string | null
  readonly #bytes: number

  constructor(counts: HeldCounts, user: string | null, address: string | null, bytes: number) {
    this.#counts = counts
    this.#user = user
    this.address = address
    this.#bytes = bytes
  }

  get user(): string | null {
    return this.#user
  }

  assign(user: string): Reached | null {
    const counts = this.#counts
    if (counts === null || user === this.#user) return null
    const reached = counts.overUser(user, this.#bytes)
    if (reached !== null) return reached
    if (this.#user !== null) counts.addUser(this.#user, -1, this.#bytes)
    counts.addUser(user, 1, this.#bytes)
    this.#user = user
    return null
  }

  release(): void {
    this.#counts?.give(this.#user, this.address, this.#bytes)
    this.#counts = null
  }
}

interface Measure {
  count: number
  bytes: number
}

/** The limit that one thing more of `bytes` bytes would exceed. */
function over(
  { count, bytes: size }: Allowance,
  held: Measure,
  { bytes, shares }: { bytes: number; shares: number },
): LimitName | null {
  if (count !== null && count.most !== null && held.count >= count.most * shares) {
    return count.limit
  }
  if (size === null || size.most === null) return null
  const most = size.most * shares
  return held.bytes >= most || held.bytes + bytes > most ? size.limit : null
}
