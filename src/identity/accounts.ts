// Who has an account here: signing up, and proving a password.
import type { AttemptStore } from '../engine/attempt-store.ts'
import type { AccountRecord, AccountStore } from '../engine/identity-store.ts'
import type { Shares } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'
import type { Random } from '../time/random.ts'
import { LoginThrottle } from './login-throttle.ts'
import { Passwords } from './password.ts'

/** A name and a password, and the address that they came from. */
export interface Attempt {
  username: string
  password: string
  address: string
}

export interface PasswordChange {
  password: string
  newPassword: string
  address: string
}

/** Whether a password is known from a leak (S22). */
export type IsBreached = (password: string) => boolean | Promise<boolean>

export interface AccountsParts {
  store: AccountStore
  /** Failed tries, which make the next ones wait. */
  attempts: AttemptStore
  clock: Clock
  random: Random
  shares: Shares
  /** Asked for every new password; without it none is known. */
  breached?: IsBreached | undefined
}

export class Accounts {
  readonly #store: AccountStore
  readonly #clock: Clock
  readonly #random: Random
  readonly #passwords: Passwords
  readonly #breached: IsBreached | undefined
  readonly #throttle: LoginThrottle

  constructor({ store, attempts, clock, random, shares, breached }: AccountsParts) {
    this.#store = store
    this.#clock = clock
    this.#random = random
    this.#passwords = new Passwords(shares)
    this.#breached = breached
    this.#throttle = new LoginThrottle(clock, attempts)
  }

  /** 409 when the name is taken; asking for taken names again and again is slowed down. */
  signUp(attempt: Attempt): Promise<AccountRecord> {
    return this.#throttle.attempt(attempt.address, () => this.#create(attempt))
  }

  async #create({ username, password, address }: Attempt): Promise<AccountRecord> {
    await this.#checkNew(password)
    const account = {
      user: `u_${this.#random.bytes(12).toString('base64url')}`,
      username,
      usernameKey: keyOf(username),
      password: await this.#passwords.hash(password, address),
      createdAt: this.#clock.now(),
    }
    const outcome = await this.#store.create(account)
    if (outcome === 'created') return account
    await this.#throttle.failed(address, null)
    throw new Refusal(REPLY.conflict, 'That username is taken: choose another one.')
  }

  /** 401 with the same words and the same work for an unknown name and a wrong password. */
  logIn(attempt: Attempt): Promise<AccountRecord> {
    return this.#throttle.attempt(attempt.address, () => this.#prove(attempt))
  }

  async #prove({ username, password, address }: Attempt): Promise<AccountRecord> {
    const key = keyOf(username)
    await this.#throttle.hold(key, address)
    const account = await this.#store.byUsername(key)
    const verdict = await this.#passwords.verify(password, account?.password ?? null, address)
    if (!account || !verdict.fits) {
      await this.#throttle.failed(address, key)
      throw new Refusal(REPLY.unauthorized, 'Username or password is wrong.')
    }
    await this.#throttle.succeeded(address, key)
    if (verdict.rehashed === null) return account
    const stored = { ...account, password: verdict.rehashed }
    await this.#store.setPassword(account.user, stored.password, account.password)
    return stored
  }

  /** False when its password was changed or it was removed since it was proved. */
  async isCurrent({ user, password }: AccountRecord): Promise<boolean> {
    return (await this.#store.byUser(user))?.password === password
  }

  /** 403 when the present password is wrong: the session is still good, the attempt is not. */
  changePassword(user: string, change: PasswordChange): Promise<void> {
    return this.#throttle.attempt(change.address, () => this.#change(user, change))
  }

  async #change(user: string, change: PasswordChange): Promise<void> {
    const { password, newPassword, address } = change
    const account = await this.#store.byUser(user)
    if (!account) throw new Refusal(REPLY.forbidden, 'You have no account here.')
    await this.#throttle.hold(account.usernameKey, address)
    const { fits } = await this.#passwords.verify(password, account.password, address)
    if (!fits) {
      await this.#throttle.failed(address, account.usernameKey)
      refusePresent()
    }
    await this.#throttle.succeeded(address, account.usernameKey)
    await this.#checkNew(newPassword)
    const hash = await this.#passwords.hash(newPassword, address)
    // Of two who change it at once, the second does not know the present one any more.
    if (!(await this.#store.setPassword(user, hash, account.password))) refusePresent()
  }

  /** Removes an account with its sessions and tickets. False when there is none. */
  remove(user: string): Promise<boolean> {
    return this.#store.remove(user)
  }

  async #checkNew(password: string): Promise<void> {
    if (!(await this.#breached?.(password))) return
    throw new Refusal(REPLY.badRequest, 'This password is known from a leak: choose another one.')
  }
}

function refusePresent(): never {
  throw new Refusal(REPLY.forbidden, 'Your present password is another one.')
}

/** Two names that differ only in letter case are one. */
function keyOf(username: string): string {
  return username.toLowerCase()
}
