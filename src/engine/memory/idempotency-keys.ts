// Remembers what publishes with a key were answered, in memory: for rooms without history.
import { createHash, hash } from 'node:crypto'
import type { Draft } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import { type Appended, type IdempotencyKey, KeyConflict } from '../message-log.ts'

/** How long a key holds at least. */
export const KEY_WINDOW_MS = 5 * 60_000

/** For whoever finds no place for another key. */
export function tooManyKeys(): EngineUnavailable {
  const sentence = 'Too many idempotency keys are held: try again in a minute.'
  return new EngineUnavailable(sentence, { limit: 'idempotencyKeys', retryAfter: 60 })
}

/** Keys held at once, some 300 bytes each. */
export const KEYS_MAX = 100_000

/** Old keys dropped per new one: more than one, so that it catches up, without a long pause. */
const DROPPED_PER_CLAIM = 16

interface Claim {
  readonly fingerprint: string
  readonly answer: Appended
  /** When it may be forgotten, on the clock's `elapsed`. */
  readonly until: number
}

/** A key, the body it came with, and the answer to give if it is new. */
export interface NewClaim {
  key: string
  fingerprint: string
  answer: Appended
}

/** Keys of one process. They are forgotten in the order they came, never before their time. */
export class IdempotencyKeys {
  readonly #clock: Clock
  /** A Map keeps the order of insertion, and all keys hold equally long: the first ends first. */
  readonly #claims = new Map<string, Claim>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Gives the first answer again, as `repeated`; or keeps the key and gives `answer` back.
   * @throws KeyConflict when the key is known with another body
   * @throws EngineUnavailable when KEYS_MAX keys are held: none is forgotten early
   */
  claim({ key, fingerprint, answer }: NewClaim): Appended {
    const now = this.#clock.elapsed()
    this.#dropOld(now)
    const first = this.#claims.get(key)
    if (first !== undefined && now < first.until) {
      if (first.fingerprint !== fingerprint) throw new KeyConflict()
      return { ...first.answer, repeated: true }
    }
    this.#claims.delete(key)
    if (this.#claims.size >= KEYS_MAX) {
      throw tooManyKeys()
    }
    this.#claims.set(key, { fingerprint, answer, until: now + KEY_WINDOW_MS })
    return answer
  }

  #dropOld(now: number): void {
    let left = DROPPED_PER_CLAIM
    for (const [key, claim] of this.#claims) {
      if (left === 0 || now < claim.until) return
      this.#claims.delete(key)
      left -= 1
    }
  }
}

/** Names a key of one room and sender, in a size that no client chooses. */
export function keyName(room: string, { sender, value }: IdempotencyKey): string {
  return hash('sha256', JSON.stringify([room, sender, value]), 'base64url')
}

/** Tells whether two drafts say the same. */
export function fingerprintOf({ kind, payload }: Draft): string {
  return createHash('sha256').update(`${kind}\n`).update(payload).digest('base64url')
}
