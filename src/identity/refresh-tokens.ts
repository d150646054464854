// Refresh tokens of apps: good once. One that comes back after its time was stolen, from the owner
// or by him, and ends the whole session (S17).
//
// Each is made from the one before it, so that all uses of one token, at once or because an answer
// was lost, get the same next one. It names its session and is signed: one that is used so often
// over that the store has forgotten it is still told from a forged one.
import { createHmac } from 'node:crypto'
import type { RefreshStore, SessionRecord } from '../engine/identity-store.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'
import type { Random } from '../time/random.ts'
import { digest, type KeyPair, sameBytes } from './secret.ts'

/** How long an old token is answered again, because the answer to its first use was lost. */
const GRACE_MS = 10_000
const ID_BYTES = 18
const FORM = /^rt_(s_[\w-]{16})\.([\w-]{24})([\w-]{24})$/

/** What became of a token: its session and the next token, or the session that it betrayed. */
export type Refreshed = { session: SessionRecord; refreshToken: string } | { reused: string } | null

export interface RefreshTokensParts {
  store: RefreshStore
  keys: KeyPair
  clock: Clock
  random: Random
}

export class RefreshTokens {
  readonly #store: RefreshStore
  readonly #keys: KeyPair
  readonly #clock: Clock
  readonly #random: Random

  constructor({ store, keys, clock, random }: RefreshTokensParts) {
    this.#store = store
    this.#keys = keys
    this.#clock = clock
    this.#random = random
  }

  /** The first token of a session. 401 when that has ended meanwhile. */
  async issue(session: string): Promise<string> {
    const token = this.#make(session, this.#random.bytes(ID_BYTES))
    const record = { hash: digest(token), session, issuedAt: this.#clock.now() }
    if (await this.#store.add(record)) return token
    throw new Refusal(REPLY.unauthorized, 'Your session has ended: log in again.')
  }

  /** Null for a token that is not one of ours, or whose session has ended. */
  async rotate(token: string): Promise<Refreshed> {
    const [, session, id, signature] = FORM.exec(token) ?? []
    if (session === undefined || signature === undefined) return null
    const next = this.#make(session, mac(this.#keys.current, token))
    const rotated = await this.#store.rotate({
      hash: digest(token),
      next: digest(next),
      now: this.#clock.now(),
      graceMs: GRACE_MS,
    })
    if (rotated === null) {
      return this.#isOurs(`${session}.${id}`, signature) ? { reused: session } : null
    }
    if ('reused' in rotated) return rotated
    return { session: rotated.session, refreshToken: next }
  }

  #make(session: string, id: Buffer): string {
    const body = `${session}.${id.toString('base64url')}`
    return `rt_${body}${mac(this.#keys.current, body).toString('base64url')}`
  }

  #isOurs(body: string, signature: string): boolean {
    const given = Buffer.from(signature, 'base64url')
    const { current, previous } = this.#keys
    if (sameBytes(mac(current, body), given)) return true
    return previous !== null && sameBytes(mac(previous, body), given)
  }
}

function mac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, ID_BYTES)
}
