// Accounts over all nodes: a hash for each user, and a list of all in the order of their names. The
// list follows the accounts: a listed account that is gone is taken off, and each log-in enters its
// account again.
import type { AccountEntry, AccountQuery, AccountRecord, AccountStore } from '../identity-store.ts'
import type { SharedWork } from '../shared-work.ts'
import type { Endings } from './endings.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { Names } from './names.ts'
import { textsOf } from './replies.ts'
import { script } from './scripts.ts'
import { GOOD, type UserStatusFeed } from './user-status-feed.ts'

const SET_PASSWORD = script('set-password')
const FIELDS = ['username', 'usernameKey', 'password', 'createdAt'] as const
/** Between the name and the user in the list: before every character of a name. */
const SEPARATOR = '\0'

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
  readonly #list: string

  constructor(parts: AccountsParts) {
    this.#parts = parts
    this.#list = parts.keys.shared('accounts')
  }

  /** What a crash leaves of it is found by no name, and leaves the name free after a minute. */
  async create(account: AccountRecord): Promise<'created' | 'taken'> {
    const { user, username, usernameKey, password, createdAt } = account
    const { link, names } = this.#parts
    if (!(await names.claim(usernameKey, user))) return 'taken'
    const key = this.#keyOf(user)
    const values = [username, usernameKey, password, String(createdAt)]
    const fields = FIELDS.flatMap((field, at) => [field, values[at] ?? ''])
    await Promise.all([link.send(key, ['HSET', key, ...fields]), this.#enter(account)])
    if (await names.confirm(usernameKey, user)) return 'created'
    await Promise.all([link.send(key, ['DEL', key]), this.#takeOff(account)])
    return 'taken'
  }

  async byUsername(usernameKey: string): Promise<AccountRecord | null> {
    const user = await this.#parts.names.userOf(usernameKey)
    const account = user === null ? null : await this.byUser(user)
    if (account?.usernameKey !== usernameKey) return null
    this.#enter(account).catch(() => {})
    return account
  }

  async byUser(user: string): Promise<AccountRecord | null> {
    const key = this.#keyOf(user)
    const reply = await this.#parts.link.send(key, ['HMGET', key, ...FIELDS])
    const [username, usernameKey, password, createdAt] = textsOf(reply)
    if (username == null || usernameKey == null || password == null) return null
    return { user, username, usernameKey, password, createdAt: Number(createdAt) }
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
    return (await link.run(SET_PASSWORD, [this.#keyOf(user)], [password, former])) === 1
  }

  /**
   * The sessions end before the account goes, and again after it: some may have begun between. Also
   * where the account is gone already, since the call before may have failed half way.
   */
  async remove(user: string, keptUntil: number): Promise<boolean> {
    const { link, names, endings } = this.#parts
    const ending = { change: 'end', except: null } as const
    await endings.end(user, ending)
    const account = await this.byUser(user)
    if (account === null) return false
    await names.release(account.usernameKey, user, keptUntil)
    const key = this.#keyOf(user)
    const removed = await link.send(key, ['DEL', key])
    await Promise.all([this.#takeOff(account), endings.end(user, ending)])
    return removed === 1
  }

  /** Goes on until the page is full, or the list is at its end. */
  async #page(after: string | null, limit: number): Promise<AccountEntry[]> {
    const accounts: AccountRecord[] = []
    let from = after === null ? '-' : `(${after}${SEPARATOR}\u{10ffff}`
    while (accounts.length < limit) {
      const wanted = limit - accounts.length
      const range = ['ZRANGEBYLEX', this.#list, from, '+', 'LIMIT', '0', String(wanted)] as const
      const members = textsOf(await this.#parts.link.send(this.#list, range)) as string[]
      accounts.push(...(await this.#accountsOf(members)))
      if (members.length < wanted) break
      from = `(${members.at(-1)}`
    }
    return this.#entriesOf(accounts)
  }

  async #accountsOf(members: readonly string[]): Promise<AccountRecord[]> {
    const found = await Promise.all(
      members.map(async (member) => {
        const [usernameKey = '', user = ''] = member.split(SEPARATOR)
        const account = await this.byUser(user)
        if (account !== null) return account
        this.#takeOff({ usernameKey, user }).catch(() => {})
        return null
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

  async #enter(account: Pick<AccountRecord, 'usernameKey' | 'user'>): Promise<void> {
    await this.#parts.link.send(this.#list, ['ZADD', this.#list, '0', memberOf(account)])
  }

  async #takeOff(account: Pick<AccountRecord, 'usernameKey' | 'user'>): Promise<void> {
    await this.#parts.link.send(this.#list, ['ZREM', this.#list, memberOf(account)])
  }

  #keyOf(user: string): string {
    return this.#parts.keys.user(user, 'account')
  }
}

function memberOf({ usernameKey, user }: Pick<AccountRecord, 'usernameKey' | 'user'>): string {
  return usernameKey + SEPARATOR + user
}
