// Sessions as Redis keeps them: a hash each, beside its refresh tokens; under the digest of its
// secret the id of a session; and a list for each user.
import type { SessionRecord } from '../identity-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { textOf, textsOf } from './replies.ts'
import { script } from './scripts.ts'
import type { FullStatus } from './user-status-feed.ts'

const BEGIN = script('begin-session')
const STORE = script('store-session')
const END = script('end-session')
/** Between the id and the generation of a session in the list of its user. */
const SEPARATOR = ' '
const FIELDS = [
  ...['user', 'username', 'client', 'secretHash', 'createdAt', 'usedAt', 'expiresAt'],
  'generation',
] as const

/** What a session has at the side of its record. */
export interface StoredSession {
  record: SessionRecord
  /** The generation of the user's sessions when it began; empty where there was none. */
  generation: string
}

export class SessionRecords {
  readonly #link: RedisLink
  readonly #keys: Keys

  constructor({ link, keys }: { link: RedisLink; keys: Keys }) {
    this.#link = link
    this.#keys = keys
  }

  /** The record, the tokens and the order of the tokens of a session, which one script may take. */
  keysOf(id: string): [string, string, string] {
    return [this.keyOf(id), this.#keys.session(id, 'tokens'), this.#keys.session(id, 'order')]
  }

  keyOf(id: string): string {
    return this.#keys.session(id, 'session')
  }

  /**
   * Stores a session; false where its user has no account. It is in the list of its user before it
   * is anywhere else, so that an ending finds it; what a crash leaves of it leads to nothing.
   */
  async store(
    session: Omit<SessionRecord, 'username'>,
    generation: string,
    lifeMs = session.expiresAt - session.createdAt,
  ): Promise<boolean> {
    const { id, user, client, secretHash, createdAt, usedAt, expiresAt } = session
    const life = String(Math.max(lifeMs, 1))
    const lists = [this.#keys.user(user, 'account'), this.#listOf(user)] as const
    const username = textOf(await this.#link.run(BEGIN, lists, [memberOf(id, generation), life]))
    if (username === null) return false
    const values = [
      ...[user, username, client, secretHash ?? '', String(createdAt), String(usedAt)],
      ...[String(expiresAt), generation],
    ]
    const fields = FIELDS.flatMap((field, at) => [field, values[at] ?? ''])
    const stored = this.#link.run(STORE, [this.keyOf(id)], [life, ...fields])
    if (secretHash === null) {
      await stored
    } else {
      const secret = this.#secretOf(secretHash)
      await Promise.all([stored, this.#link.send(secret, ['SET', secret, id, 'PX', life])])
    }
    return true
  }

  async find(id: string): Promise<StoredSession | null> {
    const key = this.keyOf(id)
    const reply = textsOf(await this.#link.send(key, ['HMGET', key, ...FIELDS]))
    const [user, username, client, secretHash, createdAt, usedAt, expiresAt, generation] = reply
    if (!user || username == null) return null
    const record: SessionRecord = {
      ...{ id, user, username },
      client: client === 'app' ? 'app' : 'web',
      secretHash: secretHash || null,
      createdAt: Number(createdAt),
      usedAt: Number(usedAt),
      expiresAt: Number(expiresAt),
    }
    return { record, generation: generation ?? '' }
  }

  /** The id of the session with this secret, which may have ended; null for an unknown one. */
  async idOf(secretHash: string): Promise<string | null> {
    const key = this.#secretOf(secretHash)
    return textOf(await this.#link.send(key, ['GET', key]))
  }

  /** Deletes a session; false when it was gone already. */
  async end(id: string): Promise<boolean> {
    const ended = textsOf(await this.#link.run(END, this.keysOf(id), []))
    const [user, secretHash, generation] = ended
    if (!user) return false
    await this.#forget(user, memberOf(id, generation ?? ''), secretHash || null)
    return true
  }

  /** Deletes all sessions of a user but one; returns their ids. */
  async endAll(user: string, except: string | null): Promise<string[]> {
    const ended = (await this.#listed(user)).filter(({ id }) => id !== except)
    await Promise.all(
      ended.map(async ({ id, member }) => {
        if (!(await this.end(id))) await this.#forget(user, member, null)
      }),
    )
    return [...new Set(ended.map(({ id }) => id))]
  }

  /** The ids of sessions of a user, of which some may have ended. */
  async idsOf(user: string): Promise<string[]> {
    const listed = await this.#listed(user)
    return [...new Set(listed.map(({ id }) => id))]
  }

  async #listed(user: string): Promise<{ id: string; member: string }[]> {
    const list = this.#listOf(user)
    const members = textsOf(await this.#link.send(list, ['ZRANGE', list, '0', '-1'])) as string[]
    return members.map((member) => ({ id: member.split(SEPARATOR)[0] ?? '', member }))
  }

  /**
   * Without its record a session leads to nothing: the rest may stay until it expires. With its
   * generation, since a session that begins just now may be stored again after an ending.
   */
  async #forget(user: string, member: string, secretHash: string | null): Promise<void> {
    const list = this.#listOf(user)
    const done = [this.#link.send(list, ['ZREM', list, member])]
    if (secretHash !== null) {
      const secret = this.#secretOf(secretHash)
      done.push(this.#link.send(secret, ['DEL', secret]))
    }
    await Promise.allSettled(done)
  }

  #listOf(user: string): string {
    return this.#keys.user(user, 'sessions')
  }

  #secretOf(secretHash: string): string {
    return this.#keys.shared(`secret:${secretHash}`)
  }
}

function memberOf(id: string, generation: string): string {
  return id + SEPARATOR + generation
}

/** Whether a status has ended a session, also one whose record was not deleted yet. */
export function isOver({ record, generation }: StoredSession, status: FullStatus): boolean {
  if (status.bannedAt !== null) return true
  if (status.generation === null || status.generation === generation) return false
  return record.id !== status.except
}
