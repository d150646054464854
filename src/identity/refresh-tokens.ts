// Refresh tokens of apps: good once. A used token that is shown again after its grace means that
// the owner or a thief holds a copy, and ends the whole session (S17).
//
// Each is made from the one before it, so that all uses of one token, at once or because an answer
// was lost, get the same next one. It names its session and is signed: a forged one never reaches
// the store (S49), and is told from a used one that the store has forgotten.
import type { RefreshStore, SessionRecord } from '../engine/identity-store.ts'
import type { Clock } from '../time/clock.ts'
import type { Random } from '../time/random.ts'
import type { RevokeAccess } from './revoke-access.ts'
import { digest, type KeyPair } from './secret.ts'
import { type Sessions, sessionEnded } from './sessions.ts'
import { Signer } from './signer.ts'

/**
 * How long a used token is answered again, because the answer to its first use may have been lost.
 */
const GRACE_MS = 10_000
const ID_BYTES = 18
const FORM = /^rt_(s_[\w-]{16})\.([\w-]{24})([\w-]{24})$/

/**
 * The session of a token and the next token, or the id of a session that a reused token has ended.
 */
export type Refreshed = { session: SessionRecord; refreshToken: string } | { reused: string } | null

export interface RefreshTokensParts {
  store: RefreshStore
  keys: KeyPair
  clock: Clock
  random: Random
  sessions: Sessions
  revokeAccess: RevokeAccess
}

export class RefreshTokens {
  readonly #store: RefreshStore
  readonly #signer: Signer
  readonly #clock: Clock
  readonly #random: Random
  readonly #sessions: Sessions
  readonly #revokeAccess: RevokeAccess

  constructor({ store, keys, clock, random, ...parts }: RefreshTokensParts) {
    this.#store = store
    this.#signer = new Signer(keys, ID_BYTES)
    this.#clock = clock
    this.#random = random
    this.#sessions = parts.sessions
    this.#revokeAccess = parts.revokeAccess
  }

  /** The first token of a session. 401 when the session has ended meanwhile. */
  async issue(session: string): Promise<string> {
    const token = this.#make(session, this.#random.bytes(ID_BYTES))
    const record = { hash: digest(token), session, issuedAt: this.#clock.now() }
    if (await this.#store.add(record)) return token
    throw sessionEnded()
  }

  /**
   * Null for a token that Usher did not issue, or whose session has ended. A used token that comes
   * back ends its session here (S17).
   */
  async rotate(token: string): Promise<Refreshed> {
    const [, session, id, signature] = FORM.exec(token) ?? []
    if (session === undefined || signature === undefined) return null
    const isOurs = this.#signer.signed(`${session}.${id}`, Buffer.from(signature, 'base64url'))
    if (!isOurs) return null
    const next = this.#make(session, this.#signer.sign(token))
    const rotated = await this.#store.rotate({
      hash: digest(token),
      session,
      next: digest(next),
      now: this.#clock.now(),
      graceMs: GRACE_MS,
    })
    if (rotated === null) return this.#betrayed(session)
    if ('reused' in rotated) return this.#betrayed(rotated.reused)
    const isAlive = this.#sessions.alive(rotated.session) !== null
    return isAlive ? { session: rotated.session, refreshToken: next } : null
  }

  async #betrayed(session: string): Promise<Refreshed> {
    await this.#revokeAccess.logOut(session)
    return { reused: session }
  }

  #make(session: string, id: Buffer): string {
    const body = `${session}.${id.toString('base64url')}`
    return `rt_${body}${this.#signer.sign(body).toString('base64url')}`
  }
}
