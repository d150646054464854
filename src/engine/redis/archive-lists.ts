// Lists of all that an export looks up, made whole from the keys themselves: those of the engine
// may lack what a crash or a failover took from them alone. In Redis, since they may be long.
import { AccountRecords, type Listed } from './account-records.ts'
import { everyKey } from './every-key.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { LogReads, type LogReadsParts } from './log-reads.ts'
import { Names } from './names.ts'
import { textsOf } from './replies.ts'
import { RoomList } from './room-list.ts'
import { usersKey } from './user-status-feed.ts'

const AT_ONCE = '1000'
/** What an export that was killed leaves is gone after a day. */
const KEPT_MS = '86400000'
/** Names of removed accounts, and users that have a status: only while they are exported. */
type Passing = 'names' | 'users'

export class ArchiveLists {
  readonly #link: RedisLink
  readonly #keys: Keys
  readonly #reads: LogReads
  readonly #rooms: RoomList
  readonly #accounts: AccountRecords
  readonly #names: Names

  constructor(parts: LogReadsParts) {
    this.#link = parts.link
    this.#keys = parts.keys
    this.#reads = new LogReads(parts)
    this.#rooms = new RoomList({ ...parts, reads: this.#reads })
    this.#accounts = new AccountRecords(parts)
    this.#names = new Names({ ...parts, messagesKeptMs: null })
  }

  async make(): Promise<void> {
    await this.drop()
    for await (const names of everyKey(this.#link, this.#keys)) {
      await Promise.all(names.map((name) => this.#enter(name)))
    }
    let cursor = '0'
    do {
      const users = usersKey(this.#keys)
      const scan = ['HSCAN', users, cursor, 'COUNT', AT_ONCE] as const
      const [next, found] = (await this.#link.send(users, scan)) as [Reply, Reply]
      const names = textsOf(found).filter((_, at) => at % 2 === 0) as string[]
      await Promise.all(names.map((user) => this.#add('users', user)))
      cursor = String(next)
    } while (cursor !== '0')
  }

  /** Rooms of which something is kept, some at a time. */
  async *rooms(limit: number): AsyncGenerator<string[]> {
    let some = await this.#rooms.names(null, limit)
    while (some.length > 0) {
      yield some
      some = await this.#rooms.names(some.at(-1) ?? null, limit)
    }
  }

  async *accounts(limit: number): AsyncGenerator<Listed[]> {
    let some = await this.#accounts.listedAfter(null, limit)
    for (let last = some.at(-1); last !== undefined; last = some.at(-1)) {
      yield some
      some = await this.#accounts.listedNext(last, limit)
    }
  }

  async *passing(list: Passing, limit: number): AsyncGenerator<string[]> {
    const key = this.#keyOf(list)
    for (let from = '-'; ; ) {
      const range = ['ZRANGE', key, from, '+', 'BYLEX', 'LIMIT', '0', String(limit)] as const
      const some = textsOf(await this.#link.send(key, range)) as string[]
      if (some.length === 0) return
      yield some
      from = `(${some.at(-1)}`
    }
  }

  async drop(): Promise<void> {
    const keys = (['names', 'users'] as const).map((list) => this.#keyOf(list))
    await Promise.all(keys.map((key) => this.#link.send(key, ['DEL', key])))
  }

  /** `name` is that of a key, after the prefix. */
  async #enter(name: string): Promise<void> {
    const room = /^\{r:(.*)\}:m$/.exec(name)?.[1]
    const user = /^\{u:(.*)\}:account$/.exec(name)?.[1]
    const usernameKey = /^name:(.*)$/s.exec(name)?.[1]
    if (room !== undefined) {
      const state = await this.#reads.state(room)
      if (await this.#reads.isKept(room, state)) await this.#rooms.add(room)
    } else if (user !== undefined) {
      const account = await this.#accounts.find(user)
      if (account !== null) await this.#accounts.enter(account)
    } else if (usernameKey !== undefined) {
      const held = await this.#names.read(usernameKey)
      if (held !== null && held.keptUntil !== null) await this.#add('names', usernameKey)
    }
  }

  async #add(list: Passing, member: string): Promise<void> {
    const key = this.#keyOf(list)
    await this.#link.send(key, ['ZADD', key, '0', member])
    await this.#link.send(key, ['PEXPIRE', key, KEPT_MS])
  }

  #keyOf(list: Passing): string {
    return this.#keys.shared(`export:${list}`)
  }
}
