// Wrong passwords make the next try wait longer; no account is ever locked out (S24). Failures are
// counted over all nodes; tries that are under way or held back count on this node alone.
import type { AttemptKey, AttemptStore, Attempts } from '../engine/attempt-store.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import { type Clock, sleep } from '../time/clock.ts'

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
 * Tries held at most: that many in the longest wait leave it more slowly than two cores can hash.
 */
const HELD_MAX = 100
/**
 * Tries of one address that may be under way: bounds guesses at once, and leaves hashing to others.
 */
const UNDER_WAY_MAX = 20
const UNDER_WAY_RETRY_MS = 1_000

/** Stands for every exempt address as the place of an account's last log-in. */
const EXEMPT = 'exempt'

export class LoginThrottle {
  readonly #clock: Clock
  readonly #attempts: AttemptStore
  readonly #underWay = new Map<string, number>()
  #held = 0

  constructor(clock: Clock, attempts: AttemptStore) {
    this.#clock = clock
    this.#attempts = attempts
  }

  /**
   * Runs one try from an address. Refuses with 429 while the address must wait, or has too many
   * under way; no limit holds for an exempt address, which is null here and below.
   */
  async attempt<Result>(address: string | null, run: () => Promise<Result>): Promise<Result> {
    if (address === null) return run()
    const attempts = await this.#attempts.of(ofAddress(address))
    const remainingMs = penaltyMs(PER_ADDRESS, attempts) - attempts.agoMs
    if (remainingMs > 0) refuse(remainingMs)
    const underWay = this.#underWay.get(address) ?? 0
    // Tries that are under way may fail as well, so each failure leaves one fewer to begin.
    const most = Math.max(1, UNDER_WAY_MAX - attempts.failed)
    if (underWay >= most) refuse(UNDER_WAY_RETRY_MS)
    this.#underWay.set(address, underWay + 1)
    try {
      return await run()
    } finally {
      this.#end(address)
    }
  }

  #end(address: string): void {
    const underWay = (this.#underWay.get(address) ?? 0) - 1
    if (underWay > 0) this.#underWay.set(address, underWay)
    else this.#underWay.delete(address)
  }

  /**
   * Holds a try for an account that had failures; refuses when too many are held. A try from the
   * address of the account's last log-in is not held: guesses from elsewhere do not shut its owner
   * out.
   */
  async hold(account: string, address: string | null): Promise<void> {
    const attempts = await this.#attempts.of(ofAccount(account))
    const waitMs = penaltyMs(PER_ACCOUNT, attempts)
    if (waitMs === 0 || attempts.cameFrom === (address ?? EXEMPT)) return
    if (this.#held >= HELD_MAX) refuse(waitMs)
    this.#held += 1
    await sleep(this.#clock, waitMs)
    this.#held -= 1
  }

  /** Counts a failure of the address and, unless null, of the account. */
  async failed(address: string | null, account: string | null): Promise<void> {
    const counted: Promise<void>[] = []
    if (address !== null) {
      counted.push(this.#attempts.failed(ofAddress(address), FORGET_AFTER_MS))
    }
    if (account !== null) counted.push(this.#attempts.failed(ofAccount(account), FORGET_AFTER_MS))
    await Promise.all(counted)
  }

  /** After a log-in: the account's failures are forgotten, those of the address are not. */
  succeeded(address: string | null, account: string): Promise<void> {
    return this.#attempts.succeeded(ofAccount(account), address ?? EXEMPT)
  }
}

function ofAddress(name: string): AttemptKey {
  return { kind: 'address', name }
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
