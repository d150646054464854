// Refresh tokens over all nodes: beside their session, so that they go with it.
import type { RefreshRecord, RefreshStore, Rotated, Rotation } from '../identity-store.ts'
import type { RedisLink } from './link.ts'
import { script } from './scripts.ts'
import type { SessionRecords } from './session-records.ts'
import type { RedisSessions } from './sessions.ts'

const ADD = script('add-token')
const ROTATE = script('rotate-token')
/** Used tokens are remembered, so that their theft shows: this many for each session. */
const REMEMBERED_MAX = '100'
/** Earlier than any grace: a token that was used up at this time is never answered again. */
const LONG_AGO = String(Number.MIN_SAFE_INTEGER)

export interface RefreshParts {
  link: RedisLink
  records: SessionRecords
  sessions: RedisSessions
}

export class RedisRefreshTokens implements RefreshStore {
  readonly #link: RedisLink
  readonly #records: SessionRecords
  readonly #sessions: RedisSessions

  constructor({ link, records, sessions }: RefreshParts) {
    this.#link = link
    this.#records = records
    this.#sessions = sessions
  }

  async add({ hash, session }: RefreshRecord): Promise<boolean> {
    if ((await this.#sessions.byId(session)) === null) return false
    return (await this.#link.run(ADD, this.#records.keysOf(session), [hash])) === 1
  }

  /** A session that has ended meanwhile is found to be over afterwards: its tokens go with it. */
  async rotate({ hash, session, next, now, graceMs }: Rotation): Promise<Rotated> {
    const args = [hash, next, String(now), String(graceMs), REMEMBERED_MAX, LONG_AGO]
    const answer = await this.#link.run(ROTATE, this.#records.keysOf(session), args)
    if (answer === null) return null
    if (answer === 0) return { reused: session }
    const record = await this.#sessions.byId(session)
    return record === null ? null : { session: record }
  }
}
