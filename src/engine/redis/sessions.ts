// Sessions over all nodes. A session is over when its record is gone, or when the status of its
// user says so: that is one write, whatever comes of the deletion of the records after it.
import type { SessionRecord, SessionStore } from '../identity-store.ts'
import type { Endings } from './endings.ts'
import type { RedisLink } from './link.ts'
import { script } from './scripts.ts'
import { isOver, type SessionRecords } from './session-records.ts'
import type { UserStatusFeed } from './user-status-feed.ts'

const TOUCH = script('touch-session')
/** A secret never leads to another session, so that its id is asked for once. */
const IDS_MAX = 20_000

export interface SessionsParts {
  link: RedisLink
  records: SessionRecords
  feed: UserStatusFeed
  endings: Endings
}

export class RedisSessions implements SessionStore {
  readonly #link: RedisLink
  readonly #records: SessionRecords
  readonly #feed: UserStatusFeed
  readonly #endings: Endings
  /** By the digest of the secret, the oldest first. */
  readonly #ids = new Map<string, string>()

  constructor({ link, records, feed, endings }: SessionsParts) {
    this.#link = link
    this.#records = records
    this.#feed = feed
    this.#endings = endings
  }

  /**
   * The status is read before and after: an ending between the two may not have found the session,
   * whose user does not know it yet. It is stored again then.
   */
  async create(session: SessionRecord): Promise<boolean> {
    const { user, id } = session
    let before = await this.#feed.stored(user)
    while (before.bannedAt === null) {
      if (!(await this.#records.store(session, before.generation ?? ''))) return false
      const after = await this.#feed.stored(user)
      if (after.bannedAt === null && after.generation === before.generation) return true
      await this.#records.end(id)
      before = after
    }
    return false
  }

  async bySecret(secretHash: string): Promise<SessionRecord | null> {
    const id = this.#ids.get(secretHash) ?? (await this.#records.idOf(secretHash))
    if (id === null) return null
    const session = await this.byId(id)
    if (session?.secretHash === secretHash) this.#remember(secretHash, id)
    else this.#ids.delete(secretHash)
    return session?.secretHash === secretHash ? session : null
  }

  async byId(id: string): Promise<SessionRecord | null> {
    const found = await this.#records.find(id)
    if (found === null) return null
    const { user } = found.record
    // What is in memory may be older than a session that began after an ending.
    const mayBeOver = isOver(found, await this.#feed.of(user))
    return mayBeOver && isOver(found, await this.#feed.stored(user)) ? null : found.record
  }

  async touch(id: string, usedAt: number): Promise<void> {
    await this.#link.run(TOUCH, [this.#records.keyOf(id)], [String(usedAt)])
  }

  end(id: string): Promise<boolean> {
    return this.#records.end(id)
  }

  endAll(user: string, except: string | null): Promise<string[]> {
    return this.#endings.end(user, { change: 'end', except })
  }

  #remember(secretHash: string, id: string): void {
    this.#ids.set(secretHash, id)
    const [oldest] = this.#ids.keys()
    if (this.#ids.size > IDS_MAX && oldest !== undefined) this.#ids.delete(oldest)
  }
}
