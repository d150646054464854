// One connection in one room, for handlers whose connection may be in several: the frames that its
// rooms deliver are gathered and written once per turn.
import type { Holder } from '../engine/shares.ts'
import { CLOSE, type CloseCode } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import type { Failure, Member } from '../room/member.ts'
import type { RoomHold } from '../room/open-rooms.ts'
import type { WireFormat } from '../wire/wire-format.ts'
import type { Connection } from './connection.ts'

/** The close codes of a membership that the room cannot bring up to date. */
export const FAILURES = {
  unavailable: CLOSE.internal,
  forbidden: CLOSE.forbidden,
  lost: CLOSE.insufficientState,
} as const satisfies Record<Failure, CloseCode>

/** The handler that a membership belongs to. */
export interface MembershipOwner {
  /** The room ended the membership, which has left it already. */
  membershipFailed(membership: Membership, failure: Failure): void
}

export interface MembershipParts {
  connection: Connection
  /** Keeps the room open; the membership releases the hold. */
  hold: RoomHold
  format: WireFormat
  echo: boolean
  owner: MembershipOwner
  /** Whether the server joined the connection to the room; false if it is not said. */
  isByServer?: boolean
}

export class Membership implements Member {
  readonly format: WireFormat
  readonly echo: boolean
  readonly hold: RoomHold
  readonly isByServer: boolean
  readonly #connection: Connection
  readonly #owner: MembershipOwner

  constructor({ connection, hold, format, echo, owner, isByServer = false }: MembershipParts) {
    this.#connection = connection
    this.hold = hold
    this.format = format
    this.echo = echo
    this.#owner = owner
    this.isByServer = isByServer
  }

  get id(): string {
    return this.#connection.id
  }

  get identity(): Identity {
    return this.#connection.identity
  }

  get user(): string | null {
    return this.#connection.identity.user
  }

  get holder(): Holder {
    return this.#connection.holder
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes
  }

  get unreadPieces(): number {
    return this.#connection.unreadPieces
  }

  deliver(frames: Buffer): void {
    this.#connection.send(frames)
  }

  endPiece(): void {
    this.#connection.endPiece()
  }

  fail(failure: Failure): void {
    this.leave()
    this.#owner.membershipFailed(this, failure)
  }

  /** The member still gets what was published before it leaves. */
  leave(): void {
    this.hold.room.leave(this)
    this.hold.release()
  }
}
