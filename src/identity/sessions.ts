// A session is one log-in: what a cookie or an access token stands for until it ends.
import type { AccountRecord, SessionRecord, SessionStore } from '../engine/identity-store.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'
import type { Random } from '../time/random.ts'
import { digest } from './secret.ts'

const DAY_MS = 86_400_000
const LIFE_MS = 30 * DAY_MS
const IDLE_MS = 7 * DAY_MS
/** Use is stored this often at most, so that reading a session is rarely a write. */
const TOUCH_EVERY_MS = 3_600_000
const SECRET = /^[\w-]{43}$/

/** Whether a text has the form of a cookie's value. */
export function isSecret(text: string): boolean {
  return SECRET.test(text)
}

/** A new session, and the cookie value, which the server does not keep. */
export interface StartedSession {
  session: SessionRecord
  secret: string
}

export interface SessionsParts {
  store: SessionStore
  clock: Clock
  random: Random
}

export class Sessions {
  readonly #store: SessionStore
  readonly #clock: Clock
  readonly #random: Random

  constructor({ store, clock, random }: SessionsParts) {
    this.#store = store
    this.#clock = clock
    this.#random = random
  }

  /**
   * Starts a session with a new id and a new secret: no value from before the log-in stays good. A
   * banned user gets the words for a wrong password (S23).
   */
  async start(account: AccountRecord, client: 'web' | 'app'): Promise<StartedSession> {
    const now = this.#clock.now()
    const secret = this.#random.bytes(32).toString('base64url')
    const session: SessionRecord = {
      id: `s_${this.#random.bytes(12).toString('base64url')}`,
      user: account.user,
      username: account.username,
      client,
      secretHash: client === 'web' ? digest(secret) : null,
      createdAt: now,
      usedAt: now,
      expiresAt: now + LIFE_MS,
    }
    if (await this.#store.create(session)) return { session, secret }
    throw wrongLogIn()
  }

  /** The session of a cookie, or null when it is unknown, ended or run out. */
  async bySecret(secret: string): Promise<SessionRecord | null> {
    if (!isSecret(secret)) return null
    return this.alive(await this.#store.bySecret(digest(secret)))
  }

  async byId(id: string): Promise<SessionRecord | null> {
    return this.alive(await this.#store.byId(id))
  }

  /** A session that was good a moment ago; rejects with 401 when it has ended since. */
  async current(id: string): Promise<SessionRecord> {
    const session = await this.byId(id)
    if (session === null) throw sessionEnded()
    return session
  }

  /** The session when it is good now, else null; stores that it was used. */
  alive(session: SessionRecord | null): SessionRecord | null {
    if (!session) return null
    const now = this.#clock.now()
    if (now >= session.expiresAt || now - session.usedAt >= IDLE_MS) return null
    if (now - session.usedAt >= TOUCH_EVERY_MS) this.#touch(session.id, now)
    return session
  }

  #touch(id: string, now: number): void {
    // Not awaited: a session is good whether or not its use could be stored.
    this.#store.touch(id, now).catch(() => undefined)
  }
}

/** The same words whether the name, the password or the user's status is the reason (S23). */
export function wrongLogIn(): Refusal {
  return new Refusal(REPLY.unauthorized, 'Username or password is wrong.')
}

export function sessionEnded(): Refusal {
  return new Refusal(REPLY.unauthorized, 'Your session has ended: log in again.')
}
