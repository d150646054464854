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

  /** The status is read first: an ending after that has another generation than the session. */
  async create(session: SessionRecord): Promise<boolean> {
    const { bannedAt, generation } = await this.#feed.stored(session.user)
    return bannedAt === null && (await this.#records.store(session, generation ?? ''))
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
    return isOver(found, await this.#feed.of(found.record.user)) ? null : found.record
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
