// Accounts over all nodes: a hash for each user, and a list of all in the order of their names. The
// list follows the accounts: a listed account that is gone is taken off, and each log-in enters its
// account again.
import type { AccountEntry, AccountQuery, AccountRecord, AccountStore } from '../identity-store.ts'
import type { SharedWork } from '../shared-work.ts'
import { AccountRecords, type Listed } from './account-records.ts'
import type { Endings } from './endings.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { Names } from './names.ts'
import { script } from './scripts.ts'
import { GOOD, type UserStatusFeed } from './user-status-feed.ts'

const SET_PASSWORD = script('set-password')
export interface AccountsParts {
  link: RedisLink
  keys: Keys
  names: Names
  feed: UserStatusFeed
  endings: Endings
  /** Reads pages, each holder its part of them. */
  pages: SharedWork
}

export class RedisAccounts implements AccountStore {
  readonly #parts: AccountsParts
  readonly #records: AccountRecords

  constructor(parts: AccountsParts) {
    this.#parts = parts
    this.#records = new AccountRecords(parts)
  }

  /** What a crash leaves of it is found by no name, and leaves the name free after a minute. */
  async create(account: AccountRecord): Promise<'created' | 'taken'> {
    const { user, usernameKey } = account
    const { names } = this.#parts
    if (!(await names.claim(usernameKey, user))) return 'taken'
    await this.#records.store(account)
    if (await names.confirm(usernameKey, user)) return 'created'
    await this.#records.remove(account)
    return 'taken'
  }

  async byUsername(usernameKey: string): Promise<AccountRecord | null> {
    const user = await this.#parts.names.userOf(usernameKey)
    const account = user === null ? null : await this.byUser(user)
    if (account?.usernameKey !== usernameKey) return null
    this.#records.enter(account).catch(() => {})
    return account
  }

  byUser(user: string): Promise<AccountRecord | null> {
    return this.#records.find(user)
  }

  list({ holder, usernameKey, after, limit }: AccountQuery): Promise<AccountEntry[]> {
    return this.#parts.pages.run(holder, async () => {
      if (usernameKey === null) return this.#page(after, limit)
      if (after !== null && Buffer.compare(Buffer.from(usernameKey), Buffer.from(after)) <= 0) {
        return []
      }
      const account = await this.byUsername(usernameKey)
      return account === null ? [] : this.#entriesOf([account])
    })
  }

  async entryOf(user: string): Promise<AccountEntry | null> {
    const account = await this.byUser(user)
    return account === null ? null : ((await this.#entriesOf([account]))[0] ?? null)
  }

  async setPassword(user: string, password: string, former: string): Promise<boolean> {
    const { link } = this.#parts
    return (await link.run(SET_PASSWORD, [this.#records.keyOf(user)], [password, former])) === 1
  }

  /**
   * The sessions end before the account goes, and again after it: some may have begun between. Also
   * where the account is gone already, since the call before may have failed half way.
   */
  async remove(user: string, keptUntil: number): Promise<boolean> {
    const { names, endings } = this.#parts
    const ending = { change: 'end', except: null } as const
    await endings.end(user, ending)
    const account = await this.byUser(user)
    if (account === null) return false
    await names.release(account.usernameKey, user, keptUntil)
    const wasRemoved = await this.#records.remove(account)
    await endings.end(user, ending)
    return wasRemoved
  }

  /** Goes on until the page is full, or the list is at its end. */
  async #page(after: string | null, limit: number): Promise<AccountEntry[]> {
    const accounts: AccountRecord[] = []
    let listed = await this.#records.listedAfter(after, limit)
    for (;;) {
      const wanted = limit - accounts.length
      accounts.push(...(await this.#accountsOf(listed)))
      const last = listed.at(-1)
      if (last === undefined || listed.length < wanted || accounts.length >= limit) break
      listed = await this.#records.listedNext(last, limit - accounts.length)
    }
    return this.#entriesOf(accounts)
  }

  async #accountsOf(listed: readonly Listed[]): Promise<AccountRecord[]> {
    const found = await Promise.all(
      listed.map(async (each) => {
        const account = await this.byUser(each.user)
        if (account === null) this.#records.takeOff(each).catch(() => {})
        return account
      }),
    )
    return found.filter((account) => account !== null)
  }

  async #entriesOf(accounts: readonly AccountRecord[]): Promise<AccountEntry[]> {
    if (accounts.length === 0) return []
    const all = await this.#parts.feed.storedOf(accounts.map(({ user }) => user))
    return accounts.map(({ user, username, createdAt }, at) => {
      const { bannedAt } = all[at] ?? GOOD
      return { user, username, createdAt, bannedAt }
    })
  }
}
