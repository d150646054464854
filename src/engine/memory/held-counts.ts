// How much of one bound is held: in all, by each user, and by each address.
import type { LimitName } from '../../protocol/limits.ts'
import type { HeldBound } from '../bounds.ts'
import type { Allowance, Cap } from '../portions.ts'
import {
  type Holder,
  type OnDisplaced,
  Reached,
  type Share,
  SITE_SHARES,
  siteOf,
  type Whose,
} from '../shares.ts'
import { Displaceable } from './displaceable.ts'

/** One thing more, one less, or as many things with other bytes. */
type Change = -1 | 0 | 1

/** What the other nodes hold of a bound for users, or for addresses. */
export interface OtherNodes {
  /** How many things they last said that they hold for this one. */
  held(key: string): number
  /** Told how many things this node holds for one, after each change. */
  changed(key: string, count: number): void
}

/** Null where each node has a bound of its own. */
export interface OtherNodesOf {
  readonly users: OtherNodes | null
  readonly addresses: OtherNodes | null
}

const ALONE: OtherNodesOf = { users: null, addresses: null }

/** What is held in all, or by one user or address. */
class Held {
  count = 0
  #bytes = 0

  add(change: Change, bytes: number): void {
    this.count += change
    this.#bytes += change === -1 ? -bytes : bytes
  }

  /** The limit that so much more would exceed, of `portion` times the allowance. */
  over({ count, bytes }: Allowance, more: 0 | 1, size: number, portion: number): LimitName | null {
    if (more > 0 && count !== null && this.count >= capOf(count, portion)) return count.limit
    if (bytes === null) return null
    const most = capOf(bytes, portion)
    return this.#bytes >= most || this.#bytes + size > most ? bytes.limit : null
  }
}

const NOTHING = new Held()

/** Products of fractions are not exact. */
const ROUNDING = 1e-6

function capOf({ most }: Cap, portion: number): number {
  return most === null ? Number.POSITIVE_INFINITY : Math.ceil(most * portion - ROUNDING)
}

/** What each user, or each address, holds; without an allowance nothing is counted. */
class Portions {
  readonly #allowance: Allowance | null
  readonly #others: OtherNodes | null
  readonly #held = new Map<string, Held>()

  constructor(allowance: Allowance | null, others: OtherNodes | null) {
    this.#allowance = allowance
    this.#others = others
  }

  get size(): number {
    return this.#held.size
  }

  over(key: string, more: 0 | 1, size: number, portion: number): LimitName | null {
    if (this.#allowance === null) return null
    const held = this.#held.get(key) ?? NOTHING
    const limit = held.over(this.#allowance, more, size, portion)
    if (limit !== null || more === 0 || this.#others === null) return limit
    const { count } = this.#allowance
    if (count === null) return null
    return held.count + this.#others.held(key) >= capOf(count, portion) ? count.limit : null
  }

  add(key: string, change: Change, bytes: number): void {
    if (this.#allowance === null) return
    let held = this.#held.get(key)
    if (held === undefined) {
      held = new Held()
      this.#held.set(key, held)
    }
    held.add(change, bytes)
    if (held.count === 0) this.#held.delete(key)
    if (change !== 0) this.#others?.changed(key, held.count)
  }
}

export class HeldCounts {
  readonly #bound: HeldBound
  readonly #all = new Held()
  readonly #users: Portions
  readonly #addresses: Portions
  /** Null where no share makes room for another. */
  readonly #displaceable: Displaceable<HeldShare> | null

  constructor(bound: HeldBound, { users, addresses } = ALONE) {
    this.#bound = bound
    this.#users = new Portions(bound.user, users)
    this.#addresses = new Portions(bound.address, addresses)
    this.#displaceable = bound.displaces ? new Displaceable() : null
  }

  get held(): number {
    return this.#all.count
  }

  get holders(): number {
    return this.#users.size + this.#addresses.size
  }

  take(holder: Holder, bytes: number, onDisplaced: OnDisplaced | null): Share | Reached {
    const { user, address, server } = holder
    const reached =
      (user === null ? null : this.overUser(user, bytes)) ??
      (address === null ? null : this.#overAddress(address, bytes)) ??
      this.#makeRoom(bytes, server === null ? 1 - this.#bound.reserve : 1)
    if (reached !== null) return reached
    const share = new HeldShare(this, holder, bytes)
    this.#count(share, 1, bytes)
    if (this.#displaceable !== null && onDisplaced !== null && address !== null) {
      share.onDisplaced = onDisplaced
      this.#displaceable.add(siteOf(address) ?? address, share)
    }
    return share
  }

  /** Only HeldShare calls this and the methods below. */
  give(share: HeldShare, bytes: number): void {
    this.keep(share)
    this.#count(share, -1, bytes)
  }

  keep(share: HeldShare): void {
    if (share.onDisplaced === null || share.address === null) return
    share.onDisplaced = null
    this.#displaceable?.remove(siteOf(share.address) ?? share.address, share)
  }

  overUser(user: string, bytes: number): Reached | null {
    return this.#reached('user', this.#users.over(user, 1, bytes, 1))
  }

  addUser(user: string, change: 1 | -1, bytes: number): void {
    this.#users.add(user, change, bytes)
  }

  overMoreBytes({ user, address }: HeldShare, bytes: number): Reached | null {
    return (
      (user === null ? null : this.#reached('user', this.#users.over(user, 0, bytes, 1))) ??
      (address === null ? null : this.#overAddress(address, bytes, 0)) ??
      this.#reached('all', this.#overAll(0, bytes, 1 - this.#bound.reserve))
    )
  }

  addBytes(share: HeldShare, bytes: number): void {
    this.#count(share, 0, bytes)
  }

  /**
   * Where all places are taken, one share gives up its own. None does for bytes: those that make
   * room may have none, and would all be given up in vain.
   */
  #makeRoom(bytes: number, portion: number): Reached | null {
    const limit = this.#overAll(1, bytes, portion)
    if (limit === null) return null
    const share = this.#displaceable?.next ?? null
    const isOverBytes = this.#overAll(0, bytes, portion) !== null
    if (share === null || isOverBytes) return this.#reached('all', limit)
    const { onDisplaced } = share
    share.release()
    onDisplaced?.(this.#reachedOf('address', limit))
    return null
  }

  #overAll(count: 0 | 1, bytes: number, portion: number): LimitName | null {
    const { all } = this.#bound
    return all && this.#all.over(all, count, bytes, portion)
  }

  #overAddress(address: string, bytes: number, count: 0 | 1 = 1): Reached | null {
    const site = siteOf(address)
    const limit =
      this.#addresses.over(address, count, bytes, 1) ??
      (site === null ? null : this.#addresses.over(site, count, bytes, SITE_SHARES))
    return this.#reached('address', limit)
  }

  #count({ user, address }: HeldShare, change: Change, bytes: number): void {
    this.#all.add(change, bytes)
    if (user !== null) this.#users.add(user, change, bytes)
    if (address === null) return
    this.#addresses.add(address, change, bytes)
    const site = siteOf(address)
    if (site !== null) this.#addresses.add(site, change, bytes)
  }

  #reached(whose: Whose, limit: LimitName | null): Reached | null {
    return limit && this.#reachedOf(whose, limit)
  }

  #reachedOf(whose: Whose, limit: LimitName): Reached {
    const sentence = this.#bound[whose]?.sentence ?? ''
    return new Reached(limit, whose, this.#bound.retryAfter, sentence)
  }
}

class HeldShare implements Share {
  /** Null where the share makes room for no other. */
  onDisplaced: OnDisplaced | null = null
  readonly address: string | null
  #counts: HeldCounts | null
  #user: string | null
  #bytes: number

  constructor(counts: HeldCounts, { user, address }: Holder, bytes: number) {
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

  grow(bytes: number): Reached | null {
    const reached = this.#counts?.overMoreBytes(this, bytes) ?? null
    if (reached !== null || this.#counts === null) return reached
    this.#counts.addBytes(this, bytes)
    this.#bytes += bytes
    return null
  }

  keep(): void {
    this.#counts?.keep(this)
  }

  release(): void {
    const counts = this.#counts
    this.#counts = null
    counts?.give(this, this.#bytes)
  }
}
