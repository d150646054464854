// What a command needs of the connection that it came over.
import type { Claim, Credential } from '../../identity/authenticator.ts'
import type { Identity } from '../../protocol/identity.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Sender } from '../../room/publish.ts'
import type { Rooms } from '../../room/rooms.ts'
import type { RichFormat } from '../../wire/wire-format.ts'
import type { Connection } from '../connection.ts'
import type { Memberships } from '../memberships.ts'

/** How credentials in commands are proved. */
export interface Proofs {
  /** Rejects with a Refusal. */
  prove(credential: Credential): Promise<Claim>
  /**
   * The identity of a ticket in a subscribe command, which is not used up. Rejects with a Refusal
   * for a ticket of another user or for other rooms, and for what is no ticket.
   */
  ticketFor(ticket: string, user: string | null, room: string): Promise<Identity>
}

export interface Conversation extends Sender {
  readonly connection: Connection
  readonly identity: Identity
  readonly rooms: Rooms
  readonly proofs: Proofs
  readonly format: RichFormat
  readonly memberships: Memberships
  /** The identity is accepted: the connection may join rooms from here on. Called once. */
  connected(): void
  /** Counts a command as so many more. Throws a Refusal where they are too many. */
  countFurther(commands: number): void
  /** Answers a command. Replies and messages reach the client in the order of the calls. */
  reply(id: number, reply: Reply): void
  /** Answers with the failure, closes the connection if that is due, and logs. */
  fail(id: number, error: unknown, room?: string | null): void
}
