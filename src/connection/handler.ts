// The port of what is spoken over a connection: plain frames of one room, an event stream, or
// commands of many rooms. A new handler is one file that implements this.
import type { Revocation } from '../protocol/identity.ts'
import type { WireFormat } from '../wire/wire-format.ts'

export interface Handler {
  readonly format: WireFormat
  /** A whole data message came in. MUST NOT throw for anything that a client can send. */
  receive(payload: Buffer, binary: boolean): void
  /**
   * The session or user of the connection was revoked, perhaps in one room alone. It closes the
   * connection, or ends the memberships that this means.
   */
  revoked(revocation: Revocation): void
  /** The connection is about to close: it leaves its rooms. Called once. */
  end(): void
}
