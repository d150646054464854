// Revocations that this node may never have been told of. What they changed stands in the stores:
// each session and each user of its connections is looked up, and what was revoked ends.
import type { SessionStore } from '../engine/identity-store.ts'
import type { UserStatusStore } from '../engine/user-status-store.ts'
import { HOST_SESSION } from '../protocol/names.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { ConnectionRegistry, Live } from './registry.ts'

/** Sessions that are looked up at once. */
const AT_ONCE = 100
/** The status of a user that another node changed is known here after so many milliseconds. */
const STATUS_MS = 2_000
const RETRY_MS = 1_000

export interface MissedRevocationsParts {
  connections: ConnectionRegistry
  sessions: Pick<SessionStore, 'byId'>
  userStatus: Pick<UserStatusStore, 'of'>
  clock: Clock
  /** The stores could not be asked; they are asked until they can be. MUST NOT throw. */
  onFailure(error: unknown): void
}

/**
 * A session of the application that Usher is embedded in cannot be looked up, nor what closed
 * connections alone: both are known to the stream of revocations only.
 */
export class MissedRevocations {
  readonly #parts: MissedRevocationsParts
  #isFinding = false
  #mustFind = false
  #isStopped = false

  constructor(parts: MissedRevocationsParts) {
    this.#parts = parts
  }

  /** Finds what was revoked up to now, by and by. */
  find(): void {
    this.#mustFind = true
    if (!this.#isFinding) void this.#findAll()
  }

  stop(): void {
    this.#isStopped = true
  }

  async #findAll(): Promise<void> {
    this.#isFinding = true
    while (this.#mustFind && !this.#isStopped) {
      this.#mustFind = false
      try {
        await this.#endSessions()
        await sleep(this.#parts.clock, STATUS_MS)
        await this.#endUsers()
      } catch (error) {
        if (this.#isStopped) return
        this.#parts.onFailure(error)
        this.#mustFind = true
        await sleep(this.#parts.clock, RETRY_MS)
      }
    }
    this.#isFinding = false
  }

  async #endSessions(): Promise<void> {
    const { connections, sessions } = this.#parts
    const ids = connections.sessions().filter((id) => !id.startsWith(HOST_SESSION))
    const look = async (session: string): Promise<void> => {
      if ((await sessions.byId(session)) === null) connections.revoke({ session })
    }
    for (let from = 0; from < ids.length && !this.#isStopped; from += AT_ONCE) {
      await Promise.all(ids.slice(from, from + AT_ONCE).map(look))
    }
  }

  /** Tickets and tokens of other issuers have no session here that could have ended. */
  async #endUsers(): Promise<void> {
    for (const connection of this.#parts.connections.all()) {
      const { user } = connection.identity
      if (user !== null && (await this.#isRevoked(user, connection))) connection.revoked({ user })
    }
  }

  async #isRevoked(user: string, { seat }: Live): Promise<boolean> {
    const { userStatus, clock } = this.#parts
    const { bannedAt, revokedBefore } = await userStatus.of(user)
    const provedAt = clock.now() - (clock.elapsed() - seat.provingSince)
    return bannedAt !== null || (revokedBefore !== null && provedAt < revokedBefore)
  }
}
