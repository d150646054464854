// Usernames: which user has each, or had it before its account was removed. A name and its account
// may be on two servers: a name is claimed for a minute, and lasts once the account is stored.
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { numberOf, textOf, textsOf } from './replies.ts'
import { script } from './scripts.ts'

const CLAIM = script('claim-name')
const CONFIRM = script('confirm-name')
const RELEASE = script('release-name')
/** Much longer than storing an account can take; a crash meanwhile keeps the name for so long. */
const CLAIM_MS = '60000'

export interface NamesParts {
  link: RedisLink
  keys: Keys
  /**
   * How long a message is kept at most, in any room; null without an end. Redis has no list of the
   * rooms that a user wrote in: the name of a removed account stays taken until all that was said
   * before the removal is past this age.
   */
  messagesKeptMs: number | null
}

export class Names {
  readonly #link: RedisLink
  readonly #keys: Keys
  readonly #messagesKeptMs: string

  constructor({ link, keys, messagesKeptMs }: NamesParts) {
    this.#link = link
    this.#keys = keys
    this.#messagesKeptMs = String(messagesKeptMs ?? '')
  }

  /** False where the name is taken. */
  async claim(usernameKey: string, user: string): Promise<boolean> {
    const args = [user, CLAIM_MS, this.#messagesKeptMs]
    return (await this.#link.run(CLAIM, [this.#keyOf(usernameKey)], args)) === 1
  }

  /** Makes a claim last; false where it was over. */
  async confirm(usernameKey: string, user: string): Promise<boolean> {
    return (await this.#link.run(CONFIRM, [this.#keyOf(usernameKey)], [user])) === 1
  }

  /** The user that has this name, or claims it or had it. */
  async userOf(usernameKey: string): Promise<string | null> {
    const key = this.#keyOf(usernameKey)
    return textOf(await this.#link.send(key, ['HGET', key, 'user']))
  }

  /**
   * Gives a name to a user that comes from another store, or keeps it until a time where its
   * account was removed there. False where another user has it.
   */
  async bring(usernameKey: string, user: string, keptUntil: number | null): Promise<boolean> {
    const key = this.#keyOf(usernameKey)
    const isNew = (await this.#link.send(key, ['HSETNX', key, 'user', user])) === 1
    if (!isNew && (await this.userOf(usernameKey)) !== user) return false
    if (keptUntil !== null) await this.release(usernameKey, user, keptUntil)
    return true
  }

  /** The same, and until when it stays taken at least: null where its account is there. */
  async read(usernameKey: string): Promise<{ user: string; keptUntil: number | null } | null> {
    const key = this.#keyOf(usernameKey)
    const [user, keptUntil] = textsOf(
      await this.#link.send(key, ['HMGET', key, 'user', 'keptUntil']),
    )
    return user == null ? null : { user, keptUntil: numberOf(keptUntil) }
  }

  /** Keeps the name of an account that is being removed. */
  async release(usernameKey: string, user: string, keptUntil: number): Promise<void> {
    await this.#link.run(RELEASE, [this.#keyOf(usernameKey)], [user, String(keptUntil)])
  }

  #keyOf(usernameKey: string): string {
    return this.#keys.shared(`name:${usernameKey}`)
  }
}
