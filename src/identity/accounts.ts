// Who has an account here: signing up, and proving a password.
import type { AccountRecord, AccountStore } from '../engine/identity-store.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Chance } from '../time/chance.ts'
import type { Clock } from '../time/clock.ts'
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
}

export interface AccountsParts {
  store: AccountStore
  clock: Clock
  chance: Chance
}

export class Accounts {
  readonly #store: AccountStore
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #passwords = new Passwords()
  readonly #throttle: LoginThrottle

  constructor({ store, clock, chance }: AccountsParts) {
    this.#store = store
    this.#clock = clock
    this.#chance = chance
    this.#throttle = new LoginThrottle(clock)
  }

  /** 409 when the name is taken; asking for taken names again and again is slowed down. */
  async signUp({ username, password, address }: Attempt): Promise<AccountRecord> {
    this.#throttle.checkAddress(address)
    const account = {
      user: `u_${this.#chance.bytes(12).toString('base64url')}`,
      username,
      usernameKey: keyOf(username),
      password: await this.#passwords.hash(password),
      createdAt: this.#clock.now(),
    }
    const outcome = await this.#store.create(account)
    if (outcome === 'created') return account
    this.#throttle.failed(address, null)
    throw new Refusal(REPLY.conflict, 'That username is taken: choose another one.')
  }

  /** 401 with the same words and the same work for an unknown name and a wrong password. */
  async logIn({ username, password, address }: Attempt): Promise<AccountRecord> {
    const key = keyOf(username)
    this.#throttle.checkAddress(address)
    await this.#throttle.hold(key, address)
    const account = await this.#store.byUsername(key)
    const verdict = await this.#passwords.verify(password, account?.password ?? null)
    if (!account || !verdict.fits) {
      this.#throttle.failed(address, key)
      throw new Refusal(REPLY.unauthorized, 'Username or password is wrong.')
    }
    this.#throttle.succeeded(key)
    if (verdict.rehashed) await this.#store.setPassword(account.user, verdict.rehashed)
    return account
  }

  /** 403 when the present password is wrong: the session is still good, the attempt is not. */
  async changePassword(user: string, { password, newPassword }: PasswordChange): Promise<void> {
    const account = await this.#store.byUser(user)
    if (!account) throw new Refusal(REPLY.forbidden, 'You have no account here.')
    await this.#throttle.hold(account.usernameKey, user)
    const { fits } = await this.#passwords.verify(password, account.password)
    if (!fits) {
      this.#throttle.failed(user, account.usernameKey)
      throw new Refusal(REPLY.forbidden, 'Your present password is another one.')
    }
    await this.#store.setPassword(user, await this.#passwords.hash(newPassword))
  }

  /** Removes an account with its sessions and tickets. False when there is none. */
  remove(user: string): Promise<boolean> {
    return this.#store.remove(user)
  }
}

/** Two names that differ only in letter case are one. */
function keyOf(username: string): string {
  return username.toLowerCase()
}
