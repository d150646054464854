// A membership that has a right of its own, by a ticket in its subscribe command: it ends with the
// session of the ticket, or when the ticket's time for connections is over.
import type { Identity } from '../protocol/identity.ts'
import type { Connection } from './connection.ts'
import type { Beating } from './heartbeat.ts'

/** Told when the time of a right is over. */
export type OnExpired = (right: OwnRight) => void

export class OwnRight implements Beating {
  readonly room: string
  readonly identity: Identity
  /** The connection is pinged, not its memberships. */
  pingedAt = 0
  readonly #connection: Connection
  readonly #onExpired: OnExpired
  readonly #bucket: number

  constructor(connection: Connection, room: string, identity: Identity, onExpired: OnExpired) {
    this.room = room
    this.identity = identity
    this.#connection = connection
    this.#onExpired = onExpired
    const { connections } = connection
    this.#bucket = connections.heartbeat.add(this)
    if (identity.session !== null) connections.index(identity.session, connection)
  }

  get expiresAt(): number | null {
    return this.identity.expiresAt
  }

  ping(): void {
    this.pingedAt = 0
  }

  noPong(): void {}

  expired(): void {
    this.#onExpired(this)
  }

  /** `isShared` when the connection, or another right of it, has the same session. */
  release(isShared: boolean): void {
    const { connections } = this.#connection
    connections.heartbeat.remove(this, this.#bucket)
    const { session } = this.identity
    if (session !== null && !isShared) connections.unindex(session, this.#connection)
  }
}
