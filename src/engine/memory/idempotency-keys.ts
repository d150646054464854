// Remembers the answers to publishes with a key, in memory: for rooms without history.
import { createHash, hash } from 'node:crypto'
import type { Draft } from '../../protocol/message.ts'
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import { type Appended, type IdempotencyKey, KeyConflict } from '../message-log.ts'
import { type Holder, Reached, type Share, type Shares } from '../shares.ts'

/** How long a key holds at least, in milliseconds. */
export const KEY_WINDOW_MS = 5 * 60_000

/**
 * Old keys dropped per new one: more than one, so that dropping catches up without a long pause.
 */
const DROPPED_PER_KEY = 16

/** A key that was used, and the answer to its first use. */
interface HeldKey {
  readonly room: string
  readonly fingerprint: string
  readonly answer: Appended
  /** When the key may be forgotten, on the clock's `elapsed`. */
  readonly until: number
  readonly share: Share
}

/** A use of a key: the body that came with it, and the answer to give if the key is new. */
export interface KeyUse {
  room: string
  key: string
  fingerprint: string
  answer: Appended
  holder: Holder
}

/** Keys of one process. They are forgotten in order of their first use, never before their time. */
export class IdempotencyKeys {
  readonly #clock: Clock
  readonly #shares: Shares
  /** A Map keeps the order of insertion, and all keys hold equally long: the first ends first. */
  readonly #held = new Map<string, HeldKey>()

  constructor(clock: Clock, shares: Shares) {
    this.#clock = clock
    this.#shares = shares
  }

  /**
   * Gives the first answer again, as `repeated`; or keeps the key and gives `answer` back.
   * @throws KeyConflict when the key is known with another body
   * @throws EngineUnavailable when too many keys are held: none is forgotten early
   */
  answerOf({ room, key, fingerprint, answer, holder }: KeyUse): Appended {
    const now = this.#clock.elapsed()
    this.#dropOld(now)
    const first = this.#held.get(key)
    if (first !== undefined && now < first.until) {
      if (first.fingerprint !== fingerprint) throw new KeyConflict()
      return { ...first.answer, repeated: true }
    }
    if (first !== undefined) this.#forget(key, first)
    const share = this.#shares.take('keys', holder)
    if (share instanceof Reached) throw new EngineUnavailable(share.sentence, share)
    this.#held.set(key, { room, fingerprint, answer, share, until: now + KEY_WINDOW_MS })
    return answer
  }

  /** Keys that were used in this room before now are new again. */
  forgetRoom(room: string): void {
    for (const [key, held] of this.#held) if (held.room === room) this.#forget(key, held)
  }

  #dropOld(now: number): void {
    let left = DROPPED_PER_KEY
    for (const [key, held] of this.#held) {
      if (left === 0 || now < held.until) return
      this.#forget(key, held)
      left -= 1
    }
  }

  #forget(key: string, { share }: HeldKey): void {
    this.#held.delete(key)
    share.release()
  }
}

/** Names a key of one room and sender; the name has one length, whatever the client sent. */
export function keyName(room: string, { sender, value }: IdempotencyKey): string {
  return hash('sha256', JSON.stringify([room, sender, value]), 'base64url')
}

/** Equal for drafts of the same kind and payload. */
export function fingerprintOf({ kind, payload }: Draft): string {
  return createHash('sha256').update(`${kind}\n`).update(payload).digest('base64url')
}
