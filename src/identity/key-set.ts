// A third-party issuer's public keys, fetched from its JWKS address and cached: fetched again for
// an unknown key, and good for a day while the issuer is away.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../time/clock.ts'

const FRESH_MS = 10 * 60_000
const STALE_MAX_MS = 24 * 60 * 60_000
/** Least time between two fetches for unknown keys: forged tokens must not flood the issuer. */
const COOLDOWN_MS = 30_000
/** The same while there are no keys at all: no token of the issuer is accepted meanwhile. */
const RETRY_MS = 1_000

/** Fetches the document at the issuer's address; rejects when it is away or not JSON. */
export type FetchKeys = () => Promise<unknown>

/** There are no keys to check a token by, so it is unknown whether the token is good. */
export class KeysAway extends Error {}

export interface KeySetParts {
  fetch: FetchKeys
  clock: Clock
  /** Called for each failed fetch, with the reason. */
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
    // Old keys are used while new ones are fetched, so that no request waits for the issuer.
    else if (age > FRESH_MS) void this.#refreshAfter(COOLDOWN_MS)
    if (this.#keys === null || this.#now() - this.#keys.at > STALE_MAX_MS) {
      throw new KeysAway('the keys of the issuer are not to be had')
    }
    return this.#keys
  }

  /** Fetches keys, one fetch at a time. Never rejects: after a failure the former keys stay. */
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
      // The issuer is away or its answer is no key set; the next token tries again.
      this.#parts.onTrouble(error)
    }
  }

  #now(): number {
    return this.#parts.clock.elapsed()
  }
}
