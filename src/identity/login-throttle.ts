// Wrong passwords make the next try wait longer; no account is ever locked out (S24). Failures are
// counted over all nodes; tries that are under way or held back count on this node alone.
import type { AttemptKey, AttemptStore, Attempts } from '../engine/attempt-store.ts'
import { NO_HOLDER, Reached, type Shares, SITE_SHARES, siteOf } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'

/** Failures that cost nothing, the first wait, and the longest one. */
interface Slope {
  free: number
  firstMs: number
  longestMs: number
}

/** Tries from an address are refused while it must wait. */
const PER_ADDRESS: Slope = { free: 10, firstMs: 1_000, longestMs: 60_000 }
/** An account's tries are held, not refused: a stranger's guesses must not shut its owner out. */
const PER_ACCOUNT: Slope = { free: 5, firstMs: 250, longestMs: 4_000 }

const FORGET_AFTER_MS = 15 * 60_000
/**
 * Tries of one address that may be under way: bounds guesses at once, and leaves hashing to others.
 */
const UNDER_WAY_MAX = 20
const UNDER_WAY_RETRY_MS = 1_000

/** Stands for every exempt address as the place of an account's last log-in. */
const EXEMPT = 'exempt'

/** An address, or the /48 around it, which may have four times as many failures (S43). */
interface Place {
  readonly key: AttemptKey
  readonly shares: number
}

export interface LoginThrottleParts {
  clock: Clock
  attempts: AttemptStore
  shares: Shares
}

export class LoginThrottle {
  readonly #clock: Clock
  readonly #attempts: AttemptStore
  readonly #shares: Shares
  readonly #underWay = new Map<string, number>()

  constructor({ clock, attempts, shares }: LoginThrottleParts) {
    this.#clock = clock
    this.#attempts = attempts
    this.#shares = shares
  }

  /**
   * Runs one try from an address. Refuses with 429 while the address or its /48 must wait, or has
   * too many under way; no limit holds for an exempt address, which is null here and below.
   */
  async attempt<Result>(address: string | null, run: () => Promise<Result>): Promise<Result> {
    const places = placesOf(address)
    const attempts = await Promise.all(places.map(({ key }) => this.#attempts.of(key)))
    for (const [at, place] of places.entries()) this.#refuseEarly(place, attempts[at])
    for (const { key } of places) this.#count(key.name, 1)
    try {
      return await run()
    } finally {
      for (const { key } of places) this.#count(key.name, -1)
    }
  }

  #refuseEarly({ key, shares }: Place, attempts: Attempts | undefined): void {
    if (attempts === undefined) return
    const slope = { ...PER_ADDRESS, free: PER_ADDRESS.free * shares }
    const remainingMs = penaltyMs(slope, attempts) - attempts.agoMs
    if (remainingMs > 0) refuse(remainingMs)
    // Tries that are under way may fail as well, so each failure leaves one fewer to begin.
    const most = Math.max(1, UNDER_WAY_MAX * shares - attempts.failed)
    if ((this.#underWay.get(key.name) ?? 0) >= most) refuse(UNDER_WAY_RETRY_MS)
  }

  #count(name: string, change: 1 | -1): void {
    const underWay = (this.#underWay.get(name) ?? 0) + change
    if (underWay > 0) this.#underWay.set(name, underWay)
    else this.#underWay.delete(name)
  }

  /**
   * Holds a try for an account that had failures. Where too many are held, the oldest one of the
   * address that holds most is refused. A try from the address of the account's last log-in is not
   * held: guesses from elsewhere do not shut its owner out.
   */
  async hold(account: string, address: string | null): Promise<void> {
    const attempts = await this.#attempts.of(ofAccount(account))
    const waitMs = penaltyMs(PER_ACCOUNT, attempts)
    if (waitMs === 0 || attempts.cameFrom === (address ?? EXEMPT)) return
    const { promise: waited, resolve, reject } = Promise.withResolvers<void>()
    const holder = { ...NO_HOLDER, address }
    const share = this.#shares.take('heldTries', holder, 0, ({ refusal }) => reject(refusal))
    if (share instanceof Reached) throw share.refusal
    const timer = this.#clock.after(waitMs, resolve)
    try {
      await waited
    } finally {
      timer.cancel()
      share.release()
    }
  }

  /** Counts a failure of the address and, unless null, of the account. */
  async failed(address: string | null, account: string | null): Promise<void> {
    const keys = placesOf(address).map(({ key }) => key)
    if (account !== null) keys.push(ofAccount(account))
    await Promise.all(keys.map((key) => this.#attempts.failed(key, FORGET_AFTER_MS)))
  }

  /** After a log-in: the account's failures are forgotten, those of the address are not. */
  succeeded(address: string | null, account: string): Promise<void> {
    return this.#attempts.succeeded(ofAccount(account), address ?? EXEMPT)
  }
}

function placesOf(address: string | null): Place[] {
  if (address === null) return []
  const own: Place = { key: { kind: 'address', name: address }, shares: 1 }
  const site = siteOf(address)
  return site === null
    ? [own]
    : [own, { key: { kind: 'address', name: site }, shares: SITE_SHARES }]
}

function ofAccount(name: string): AttemptKey {
  return { kind: 'account', name }
}

/** How long the next try must wait for these failures, counted from the last one. */
function penaltyMs({ free, firstMs, longestMs }: Slope, { failed }: Attempts): number {
  const over = failed - free
  return over <= 0 ? 0 : Math.min(firstMs * 2 ** (over - 1), longestMs)
}

function refuse(waitMs: number): never {
  const seconds = Math.ceil(waitMs / 1_000)
  throw new Refusal(
    REPLY.tooManyRequests,
    `Too many failed attempts: wait ${seconds} s and try again.`,
    seconds,
    'failedLogins',
  )
}
