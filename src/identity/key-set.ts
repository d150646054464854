// An outside issuer's public keys, fetched from its JWKS address: cached, fetched anew for a key
// nobody has seen, and good for a day when the issuer is away.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../time/clock.ts'

const FRESH_MS = 10 * 60_000
const STALE_MAX_MS = 24 * 60 * 60_000
/** An unknown key asks again this often at most: tokens of strangers must not make us a flood. */
const COOLDOWN_MS = 30_000
/** Without any keys it asks more often, since nobody can come in meanwhile. */
const RETRY_MS = 1_000

/** Fetches the document at the issuer's address; rejects when it is away or not JSON. */
export type FetchKeys = () => Promise<unknown>

/** There are no keys to check a token by: nothing is known of the token. */
export class KeysAway extends Error {}

export interface KeySetParts {
  fetch: FetchKeys
  clock: Clock
  /** Told why keys could not be fetched; as often as it is tried. */
  onTrouble(error: unknown): void
}

interface Keys {
  find: JWTVerifyGetKey
  at: number
}

export class KeySet {
  readonly #parts: KeySetParts
  #keys: Keys | null = null
  #triedAt = Number.NEGATIVE_INFINITY
  #underway: Promise<void> | null = null

  constructor(parts: KeySetParts) {
    this.#parts = parts
  }

  /** Finds the key of a token by its header. Rejects with KeysAway when there are no keys. */
  find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current()
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await this.#refreshAfter(COOLDOWN_MS)
      return (this.#keys ?? keys).find(header, token)
    }
  }

  async #current(): Promise<Keys> {
    const age = this.#keys === null ? Number.POSITIVE_INFINITY : this.#now() - this.#keys.at
    if (age > STALE_MAX_MS) await this.#refreshAfter(RETRY_MS)
    // What is merely old serves while it is fetched anew, so nobody waits for the issuer.
    else if (age > FRESH_MS) void this.#refreshAfter(COOLDOWN_MS)
    if (this.#keys === null || this.#now() - this.#keys.at > STALE_MAX_MS) {
      throw new KeysAway('the keys of the issuer are not to be had')
    }
    return this.#keys
  }

  /** One at a time, and never rejects: what was there before stays. */
  async #refreshAfter(pauseMs: number): Promise<void> {
    if (this.#underway === null && this.#now() - this.#triedAt < pauseMs) return
    this.#underway ??= this.#load().finally(() => {
      this.#underway = null
    })
    await this.#underway
  }

  async #load(): Promise<void> {
    this.#triedAt = this.#now()
    try {
      const find = createLocalJWKSet((await this.#parts.fetch()) as JSONWebKeySet)
      this.#keys = { find, at: this.#now() }
    } catch (error) {
      // The issuer is away or talks nonsense; the next one who asks tries again.
      this.#parts.onTrouble(error)
    }
  }

  #now(): number {
    return this.#parts.clock.elapsed()
  }
}
