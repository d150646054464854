// The port of a handler, which speaks with the client of a connection: in plain frames of one room,
// as an event stream, or in commands for many rooms. A new handler is one file that implements it.
import type { Revocation } from '../protocol/identity.ts'
import type { WireFormat } from '../wire/wire-format.ts'

export interface Handler {
  readonly format: WireFormat
  /** A whole data message came in. MUST NOT throw for anything that a client can send. */
  receive(payload: Buffer, binary: boolean): void
  /**
   * The session or user of the connection was revoked, perhaps in one room alone. The handler
   * closes the connection, or ends the memberships that the revocation names.
   */
  revoked(revocation: Revocation): void
  /** The connection is about to close: it leaves its rooms. Called once. */
  end(): void
}
