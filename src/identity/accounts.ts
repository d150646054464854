// Accounts: signing up, proving and changing a password, and removing an account.
import type { AttemptStore } from '../engine/attempt-store.ts'
import type {
  AccountEntry,
  AccountQuery,
  AccountRecord,
  AccountStore,
  SessionRecord,
} from '../engine/identity-store.ts'
import { NO_HOLDER, type Shares } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import type { Clock } from '../time/clock.ts'
import type { Random } from '../time/random.ts'
import { LoginThrottle } from './login-throttle.ts'
import { Passwords } from './password.ts'
import type { RevokeAccess } from './revoke-access.ts'
import { type Sessions, type StartedSession, wrongLogIn } from './sessions.ts'

/** A name and a password, and the address that sent them. */
export interface Attempt {
  username: string
  password: string
  /** What limits count by; null for an exempt address. */
  address: string | null
}

/** The name of the server key that makes the account; null for a person who signs up. */
export interface SignUp extends Attempt {
  server: string | null
}

export interface PasswordChange {
  password: string
  newPassword: string
  address: string | null
}

/** Which accounts to list; names are compared without regard to letter case. */
export interface AccountListRequest extends Pick<AccountQuery, 'limit' | 'holder'> {
  username: string | null
  /** The last name of the page before; null for the first page. */
  after: string | null
}

/** Some accounts in the order of their names, and after which name the next page begins. */
export interface AccountList {
  users: AccountEntry[]
  /** Null on the last page. */
  next: string | null
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
  sessions: Sessions
  revokeAccess: RevokeAccess
  /** Called for every new password; without it no password is refused for a leak. */
  breached?: IsBreached | undefined
}

export class Accounts {
  readonly #store: AccountStore
  readonly #shares: Shares
  readonly #clock: Clock
  readonly #random: Random
  readonly #sessions: Sessions
  readonly #revokeAccess: RevokeAccess
  readonly #passwords: Passwords
  readonly #breached: IsBreached | undefined
  readonly #throttle: LoginThrottle

  constructor({ store, clock, random, breached, ...parts }: AccountsParts) {
    this.#store = store
    this.#clock = clock
    this.#random = random
    this.#sessions = parts.sessions
    this.#revokeAccess = parts.revokeAccess
    this.#shares = parts.shares
    this.#passwords = new Passwords(parts.shares, random)
    this.#breached = breached
    this.#throttle = new LoginThrottle({ clock, attempts: parts.attempts, shares: parts.shares })
  }

  /**
   * 409 when the name is taken; a stranger who asks for taken names again and again must wait. 429
   * after too many from one address; a server key may make as many as it likes.
   */
  async signUp(wish: SignUp): Promise<AccountRecord> {
    const { address, server } = wish
    const holder = { ...NO_HOLDER, address }
    const reached = server === null ? await this.#shares.spend('signUps', holder) : null
    if (reached !== null) throw reached.refusal
    const account =
      server === null
        ? await this.#throttle.attempt(address, () => this.#tryToCreate(wish))
        : await this.#create(wish)
    if (account !== null) return account
    throw new Refusal(REPLY.conflict, 'That username is taken: choose another one.')
  }

  async #tryToCreate(wish: SignUp): Promise<AccountRecord | null> {
    const account = await this.#create(wish)
    if (account === null) await this.#throttle.failed(wish.address, null)
    return account
  }

  /** Null when the name is taken. */
  async #create(wish: SignUp): Promise<AccountRecord | null> {
    const { username, password, address, server } = wish
    await this.#checkNew(password)
    const account = {
      user: `u_${this.#random.bytes(12).toString('base64url')}`,
      username,
      usernameKey: keyOf(username),
      password: await this.#passwords.hash(password, { address, server }),
      createdAt: this.#clock.now(),
    }
    return (await this.#store.create(account)) === 'created' ? account : null
  }

  /**
   * Starts a session. 401 with the same words and the same work for an unknown name and a wrong
   * password.
   */
  async logIn(attempt: Attempt, client: SessionRecord['client']): Promise<StartedSession> {
    const { address } = attempt
    const account = await this.#throttle.attempt(address, () => this.#prove(attempt))
    const started = await this.#sessions.start(account, client)
    // A password change or a removal while the password was checked did not end this new session.
    if (await this.#isCurrent(account)) return started
    await this.#revokeAccess.logOut(started.session.id)
    throw wrongLogIn()
  }

  async #prove({ username, password, address }: Attempt): Promise<AccountRecord> {
    const key = keyOf(username)
    await this.#throttle.hold(key, address)
    const account = await this.#store.byUsername(key)
    const verdict = await this.#passwords.verify(password, account?.password ?? null, address)
    if (!account || !verdict.fits) {
      await this.#throttle.failed(address, key)
      throw wrongLogIn()
    }
    await this.#throttle.succeeded(address, key)
    if (verdict.rehashed === null) return account
    const stored = { ...account, password: verdict.rehashed }
    await this.#store.setPassword(account.user, stored.password, account.password)
    return stored
  }

  /** False when the password was changed or the account removed since the password was proved. */
  async #isCurrent({ user, password }: AccountRecord): Promise<boolean> {
    return (await this.#store.byUser(user))?.password === password
  }

  /**
   * The session that changes it stays; all other sessions of the user end. 403 when the present
   * password is wrong: the session is still good, the attempt is not.
   */
  async changePassword(identity: Identity, change: PasswordChange): Promise<void> {
    const { user, session } = ownerOf(identity)
    await this.#throttle.attempt(change.address, () => this.#change({ user, session }, change))
    await this.#revokeAccess.logOutOthers(user, session)
  }

  async #change({ user, session }: Owner, change: PasswordChange): Promise<void> {
    const { password, newPassword, address } = change
    const account = await this.#store.byUser(user)
    if (!account) throw noAccount()
    await this.#throttle.hold(account.usernameKey, address)
    const { fits } = await this.#passwords.verify(password, account.password, address)
    if (!fits) {
      await this.#throttle.failed(address, account.usernameKey)
      refusePresent()
    }
    await this.#throttle.succeeded(address, account.usernameKey)
    await this.#checkNew(newPassword)
    const hash = await this.#passwords.hash(newPassword, { address, server: null })
    // A password may have waited some seconds for its turn: the session may have ended (S46).
    await this.#sessions.current(session)
    // Of two changes at once, the second names a password that is no longer the present one.
    if (!(await this.#store.setPassword(user, hash, account.password))) refusePresent()
  }

  /** Removes the account of a user, with its sessions, tickets and connections. */
  async remove(identity: Identity): Promise<void> {
    if (!(await this.#revokeAccess.removeAccount(ownerOf(identity).user))) throw noAccount()
  }

  /** Accounts for operators: one page of them, or the one of a name. */
  async list({ username, after, limit, holder }: AccountListRequest): Promise<AccountList> {
    const users = await this.#store.list({
      ...{ usernameKey: username && keyOf(username), after: after && keyOf(after), holder },
      limit: limit + 1,
    })
    const hasMore = users.length > limit
    if (hasMore) users.pop()
    return { users, next: hasMore ? (users.at(-1)?.username ?? null) : null }
  }

  /**
   * The id of the account with this id or username, for operators; rejects with 404 where there is
   * none. The id goes first: a username may have been chosen to look like the id of another.
   */
  async userOf(name: string): Promise<string> {
    const account = (await this.#store.byUser(name)) ?? (await this.#store.byUsername(keyOf(name)))
    if (account !== null) return account.user
    throw new Refusal(REPLY.notFound, `There is no account with the name ${name}.`)
  }

  /** For operators; rejects with 404 where no account has this id, as the two below do. */
  async entryOf(user: string): Promise<AccountEntry> {
    const entry = await this.#store.entryOf(user)
    if (entry === null) throw unknownUser()
    return entry
  }

  /** Removes an account as `remove` does, for an operator. */
  async removeUser(user: string): Promise<void> {
    if (!(await this.#revokeAccess.removeAccount(user))) throw unknownUser()
  }

  /**
   * A new password by an operator: sessions, tickets and connections of the user end. `server` is
   * the name of the operator's key.
   */
  async resetPassword(user: string, password: string, server: string | null): Promise<void> {
    await this.entryOf(user)
    await this.#checkNew(password)
    const hash = await this.#passwords.hash(password, { address: null, server })
    // A change by the user at the same time must not stay: the operator's is the one that holds.
    let isSet = false
    while (!isSet) {
      const account = await this.#store.byUser(user)
      if (account === null) throw unknownUser()
      isSet = await this.#store.setPassword(user, hash, account.password)
    }
    await this.#revokeAccess.logOutEverywhere(user)
  }

  async #checkNew(password: string): Promise<void> {
    if (!(await this.#breached?.(password))) return
    throw new Refusal(REPLY.badRequest, 'This password is known from a leak: choose another one.')
  }
}

/** The user and the session of an account. */
interface Owner {
  user: string
  session: string
}

/** Throws a 403 Refusal for an identity without a session of an account. */
function ownerOf({ user, session }: Identity): Owner {
  if (user === null || session === null) throw noAccount()
  return { user, session }
}

function noAccount(): Refusal {
  return new Refusal(REPLY.forbidden, 'You have no account here.')
}

function unknownUser(): Refusal {
  return new Refusal(REPLY.notFound, 'There is no account with this id.')
}

function refusePresent(): never {
  throw new Refusal(REPLY.forbidden, 'Your present password is another one.')
}

/** Two names that differ only in letter case are one. */
function keyOf(username: string): string {
  return username.toLowerCase()
}
