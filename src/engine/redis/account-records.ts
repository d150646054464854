// Accounts as Redis keeps them: a hash for each user, and a list of all in the order of names.
import type { AccountRecord } from '../identity-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { textsOf } from './replies.ts'

const FIELDS = ['username', 'usernameKey', 'password', 'createdAt'] as const
/** Between the name and the user in the list: before every character of a name. */
const SEPARATOR = '\0'

/** What the list has of an account. */
export type Listed = Pick<AccountRecord, 'usernameKey' | 'user'>

export class AccountRecords {
  readonly #link: RedisLink
  readonly #keys: Keys
  readonly #list: string

  constructor({ link, keys }: { link: RedisLink; keys: Keys }) {
    this.#link = link
    this.#keys = keys
    this.#list = keys.shared('accounts')
  }

  keyOf(user: string): string {
    return this.#keys.user(user, 'account')
  }

  async find(user: string): Promise<AccountRecord | null> {
    const key = this.keyOf(user)
    const reply = await this.#link.send(key, ['HMGET', key, ...FIELDS])
    const [username, usernameKey, password, createdAt] = textsOf(reply)
    if (username == null || usernameKey == null || password == null) return null
    return { user, username, usernameKey, password, createdAt: Number(createdAt) }
  }

  /** Stores it and enters it in the list. */
  async store(account: AccountRecord): Promise<void> {
    const { user, username, usernameKey, password, createdAt } = account
    const key = this.keyOf(user)
    const values = [username, usernameKey, password, String(createdAt)]
    const fields = FIELDS.flatMap((field, at) => [field, values[at] ?? ''])
    await Promise.all([this.#link.send(key, ['HSET', key, ...fields]), this.enter(account)])
  }

  /** Returns whether there was one. */
  async remove(account: Listed): Promise<boolean> {
    const key = this.keyOf(account.user)
    const removed = await this.#link.send(key, ['DEL', key])
    await this.takeOff(account)
    return removed === 1
  }

  async enter(account: Listed): Promise<void> {
    await this.#link.send(this.#list, ['ZADD', this.#list, '0', memberOf(account)])
  }

  async takeOff(account: Listed): Promise<void> {
    await this.#link.send(this.#list, ['ZREM', this.#list, memberOf(account)])
  }

  /** Those after a name, or from the first on; the account of one may be gone. */
  async listedAfter(usernameKey: string | null, limit: number): Promise<Listed[]> {
    return this.#listed(usernameKey === null ? '-' : `(${usernameKey}${SEPARATOR}\u{10ffff}`, limit)
  }

  /** Those after one of the list. */
  listedNext(last: Listed, limit: number): Promise<Listed[]> {
    return this.#listed(`(${memberOf(last)}`, limit)
  }

  async #listed(from: string, limit: number): Promise<Listed[]> {
    const range = ['ZRANGEBYLEX', this.#list, from, '+', 'LIMIT', '0', String(limit)] as const
    const members = textsOf(await this.#link.send(this.#list, range)) as string[]
    return members.map((member) => {
      const [usernameKey = '', user = ''] = member.split(SEPARATOR)
      return { usernameKey, user }
    })
  }
}

function memberOf({ usernameKey, user }: Listed): string {
  return usernameKey + SEPARATOR + user
}
