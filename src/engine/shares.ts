// The port of shares: every bound that the clients of the process share is taken through it, so
// that none of them can use up what the others need (S43).
import { REPLY, Refusal, type ReplyCode } from '../protocol/errors.ts'
import type { LimitName } from '../protocol/limits.ts'
import type { HeldName } from './bounds.ts'
import type { NodeRate, RateName, SharedRate } from './rates.ts'

/** The user, the address or the server key that a share counts for. */
export interface Holder {
  /** Null where no user is known, or where the share counts for no user. */
  readonly user: string | null
  /** An IPv4 address or the /64 of an IPv6 address, as `addressKey` writes it; else null. */
  readonly address: string | null
  /** The name of a server key, which may take of the reserve too; else null. */
  readonly server: string | null
}

/** For shares that the process takes for no client in particular. */
export const NO_HOLDER: Holder = Object.freeze({ user: null, address: null, server: null })

/** Whom a client counts for at this address, null for an exempt one; a server key is itself. */
export function holderOf(
  { user, server }: Pick<Holder, 'user' | 'server'>,
  address: string | null,
): Holder {
  return server === null ? { user, address, server } : { ...NO_HOLDER, server }
}

/** Whose share is used up. */
export type Whose = 'all' | 'user' | 'address'

/** A bound that was reached: nothing was taken. */
export class Reached {
  readonly limit: LimitName
  readonly whose: Whose
  /** Seconds until another try may succeed. */
  readonly retryAfter: number
  /** Tells the client what to do. */
  readonly sentence: string

  constructor(limit: LimitName, whose: Whose, retryAfter: number, sentence: string) {
    this.limit = limit
    this.whose = whose
    this.retryAfter = retryAfter
    this.sentence = sentence.replace('{seconds}', String(retryAfter))
  }

  /** 503 where all clients together reached the bound; 429 where one user or one address did. */
  get reply(): ReplyCode {
    return this.whose === 'all' ? REPLY.unavailable : REPLY.tooManyRequests
  }

  get refusal(): Refusal {
    return new Refusal(this.reply, this.sentence, this.retryAfter, this.limit)
  }
}

/** What one connection, ticket or call has taken of a bound. */
export interface Share {
  /** The user that the share counts for now. */
  readonly user: string | null
  readonly address: string | null
  /**
   * Counts the share for this user from now on instead of any other; over that user's part it
   * changes nothing and returns what was reached. Changes nothing after the release.
   */
  assign(user: string): Reached | null
  /** Counts so many bytes more; over a cap it changes nothing and returns what was reached. */
  grow(bytes: number): Reached | null
  /** From now on the share makes room for no other. */
  keep(): void
  /** Gives the share back. Calling it again does nothing. */
  release(): void
}

/** The meter of one user, which a connection keeps so that no message has to look it up. */
export interface UserMeter {
  /** Counts one thing of this size. Over a limit it counts nothing and returns its name. */
  take(bytes: number, elapsed: number): LimitName | null
  /** While the meter is kept, `Shares.meter` returns this very object. */
  keep(): this
  /** MUST be called once for each `keep`. */
  release(): void
}

/** Told when a share was given back to make room for another client's. */
export type OnDisplaced = (reached: Reached) => void

/**
 * An implementation MUST refuse a share over any cap of the bound's row, MUST count a share until
 * it is released, and MUST NOT count a refused one. A /48 counts as an address with four times the
 * share, beside its /64s. Where a bound displaces and all its places are taken, the oldest share of
 * the address that holds most is given back instead, unless it is kept (a /48 counts as one address
 * there); server keys and shares without an address are never displaced, and none is for bytes.
 *
 * `take` answers at once: an engine of many nodes compares with what its node holds and with what
 * the other nodes last said that they hold, at most 2 s ago. Rates of a node answer at once too;
 * rates over all nodes may have to ask.
 */
export interface Shares {
  /** Takes one thing of `bytes` bytes. `onDisplaced` MUST NOT throw. */
  take(
    bound: HeldName,
    holder: Holder,
    bytes?: number,
    onDisplaced?: OnDisplaced | null,
  ): Share | Reached
  /** Counts one thing of `bytes` bytes against a rate; null when it is within. */
  spend(rate: NodeRate, holder: Holder, bytes?: number): Reached | null
  spend(rate: SharedRate, holder: Holder, bytes?: number): Reached | null | Promise<Reached | null>
  /** Counts bytes that were used already, whatever the rate: later spending waits for them. */
  charge(rate: NodeRate, holder: Holder, bytes: number): void
  /** Gives back to all one thing that was spent; it stays counted for its user and its address. */
  restore(rate: NodeRate): void
  /** The meter of one user. */
  meter(rate: NodeRate, user: string): UserMeter
  /** How much of a bound is held now, on this node. */
  held(bound: HeldName): number
  /** How many users and addresses are counted for a bound on this node, for tests of clean-up. */
  holders(bound: HeldName | RateName): number
  /** Forgets meters that are full again. MUST be called about once a minute. */
  sweep(elapsed: number): void
}

/** The /48 of a /64 that `addressKey` wrote; null for any other address. */
export function siteOf(address: string): string | null {
  if (!address.endsWith('::/64')) return null
  // Asked for each draft that is kept: three of its four groups, without an array.
  const second = address.indexOf(':', address.indexOf(':') + 1)
  return `${address.slice(0, address.indexOf(':', second + 1))}::/48`
}

/** How many times the share of a /64 a /48 has. */
export const SITE_SHARES = 4
