// An event stream: the connection follows one room and sends nothing.
import { CLOSE } from '../protocol/errors.ts'
import { endsIn, type Revocation } from '../protocol/identity.ts'
import type { Failure } from '../room/member.ts'
import type { Start } from '../room/resume.ts'
import type { WireFormat } from '../wire/wire-format.ts'
import type { Connection } from './connection.ts'
import type { Handler } from './handler.ts'
import { FAILURES, Membership, type MembershipOwner } from './membership.ts'
import { type Entry, takeUp } from './room-entry.ts'

export interface EventStreamHandlerParts {
  format: WireFormat
  start: Start
}

export class EventStreamHandler implements Handler, MembershipOwner {
  readonly format: WireFormat
  readonly #connection: Connection
  readonly #start: Start
  #membership: Membership | null = null

  constructor(connection: Connection, { format, start }: EventStreamHandlerParts) {
    this.#connection = connection
    this.format = format
    this.#start = start
  }

  /** Joins the room of the entry; releases it if the connection has ended. */
  join(entry: Entry): void {
    const connection = this.#connection
    if (!takeUp(connection, entry)) return
    const { identity, hold } = entry
    const { room } = hold
    const membership = new Membership({
      ...{ connection, hold, format: this.format, echo: true, owner: this },
    })
    this.#membership = membership
    room.join(membership, { start: this.#start, mayJoin: () => room.mayJoin(identity) })
  }

  /** A client publishes nothing over an event stream: bytes after its request are not read. */
  receive(): void {}

  membershipFailed(_: Membership, failure: Failure): void {
    this.#connection.close(FAILURES[failure])
  }

  revoked(revocation: Revocation): void {
    const room = this.#membership?.hold.room.name ?? null
    if (endsIn(revocation, room)) this.#connection.close(CLOSE.forced)
  }

  end(): void {
    this.#membership?.leave()
    this.#membership = null
  }
}
