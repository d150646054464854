// Wrong passwords make the next try wait longer; nobody is ever locked out (S24).
import { REPLY, Refusal } from '../protocol/errors.ts'
import { type Clock, sleep } from '../time/clock.ts'

/** Failures that cost nothing, the first wait, and the longest one. */
interface Slope {
  free: number
  firstMs: number
  longestMs: number
}

/** An address is turned away while it must wait. */
const PER_ADDRESS: Slope = { free: 10, firstMs: 1_000, longestMs: 60_000 }
/** An account's tries are held, not refused: a stranger's guesses must not shut its owner out. */
const PER_ACCOUNT: Slope = { free: 5, firstMs: 250, longestMs: 4_000 }

const FORGET_AFTER_MS = 15 * 60_000
const KEYS_MAX = 50_000
/** So many in the longest wait come out of it more slowly than two cores can hash. */
const HELD_MAX = 100
/** Tries of one address that may be under way: guesses at once, and places that others wait for. */
const UNDER_WAY_MAX = 20
const UNDER_WAY_RETRY_MS = 1_000

interface Failures {
  count: number
  at: number
}

/** Failures by key, forgotten after a quiet quarter of an hour; the oldest go when it is full. */
class Tally {
  readonly #clock: Clock
  readonly #slope: Slope
  readonly #failures = new Map<string, Failures>()

  constructor(clock: Clock, slope: Slope) {
    this.#clock = clock
    this.#slope = slope
  }

  add(key: string): void {
    const count = this.count(key) + 1
    this.#failures.delete(key)
    this.#failures.set(key, { count, at: this.#clock.elapsed() })
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > KEYS_MAX && oldest !== undefined) this.#failures.delete(oldest)
  }

  clear(key: string): void {
    this.#failures.delete(key)
  }

  /** How long the last failures of this key ask for, counted from the last one. */
  penaltyMs(key: string): number {
    const over = this.count(key) - this.#slope.free
    if (over <= 0) return 0
    return Math.min(this.#slope.firstMs * 2 ** (over - 1), this.#slope.longestMs)
  }

  /** What is left of that wait now. */
  remainingMs(key: string): number {
    const failures = this.#failures.get(key)
    if (!failures) return 0
    return Math.max(0, failures.at + this.penaltyMs(key) - this.#clock.elapsed())
  }

  count(key: string): number {
    const failures = this.#failures.get(key)
    if (!failures) return 0
    if (this.#clock.elapsed() - failures.at < FORGET_AFTER_MS) return failures.count
    this.#failures.delete(key)
    return 0
  }
}

export class LoginThrottle {
  readonly #clock: Clock
  readonly #addresses: Tally
  readonly #accounts: Tally
  /** Where each account's owner came in last, the longest ago first. */
  readonly #cameFrom = new Map<string, string>()
  readonly #underWay = new Map<string, number>()
  #held = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#addresses = new Tally(clock, PER_ADDRESS)
    this.#accounts = new Tally(clock, PER_ACCOUNT)
  }

  /** Runs one try of an address. Refuses with 429 while it must wait, or tries too much at once. */
  async attempt<Result>(address: string, run: () => Promise<Result>): Promise<Result> {
    const remainingMs = this.#addresses.remainingMs(address)
    if (remainingMs > 0) refuse(remainingMs)
    const underWay = this.#underWay.get(address) ?? 0
    // What is under way may fail as well, so those that have failed leave fewer to begin.
    const most = Math.max(1, UNDER_WAY_MAX - this.#addresses.count(address))
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
   * Holds a try for an account that was guessed at; refuses when too many are held. Where its owner
   * came in last nobody is held: whatever others guess, the owner is not shut out.
   */
  async hold(account: string, address: string): Promise<void> {
    const penaltyMs = this.#accounts.penaltyMs(account)
    if (penaltyMs === 0 || this.#cameFrom.get(account) === address) return
    if (this.#held >= HELD_MAX) refuse(penaltyMs)
    this.#held += 1
    await sleep(this.#clock, penaltyMs)
    this.#held -= 1
  }

  failed(address: string, account: string | null): void {
    this.#addresses.add(address)
    if (account !== null) this.#accounts.add(account)
  }

  /** The owner came in: the account's guesses are forgotten, the address's are not. */
  succeeded(address: string, account: string): void {
    this.#accounts.clear(account)
    this.#cameFrom.delete(account)
    this.#cameFrom.set(account, address)
    const [oldest] = this.#cameFrom.keys()
    if (this.#cameFrom.size > KEYS_MAX && oldest !== undefined) this.#cameFrom.delete(oldest)
  }
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
