// The rooms of one connection that may be in many: joined, left, ended by the server or by a
// revocation, each without the connection.
import { CLOSE, type CloseCode, UNSUBSCRIBE } from '../protocol/errors.ts'
import type { Identity, Revocation } from '../protocol/identity.ts'
import { companionOf } from '../protocol/names.ts'
import type { Failure } from '../room/member.ts'
import type { RoomHold } from '../room/open-rooms.ts'
import type { RichFormat } from '../wire/wire-format.ts'
import { type ByRoom, including, inRoom, NONE, roomsOf, sizeOf, without } from './by-room.ts'
import type { Connection } from './connection.ts'
import { Membership, type MembershipOwner } from './membership.ts'
import { OwnRight } from './own-right.ts'

/** How a membership ends that the room cannot bring up to date. */
const ENDINGS = {
  unavailable: UNSUBSCRIBE.insufficientState,
  forbidden: UNSUBSCRIBE.forbidden,
  lost: UNSUBSCRIBE.insufficientState,
} as const satisfies Record<Failure, CloseCode>

export interface Joining {
  /** Keeps the room open; the membership releases the hold. */
  hold: RoomHold
  tellsPresence: boolean
  /** The identity of the ticket that the membership was asked with; null for the connection's. */
  right: Identity | null
  /** Whether the server joined the connection to it. */
  isByServer: boolean
}

export class Memberships implements MembershipOwner {
  readonly #connection: Connection
  readonly #format: RichFormat
  #byRoom: ByRoom = NONE
  #rights: Map<string, OwnRight> | null = null
  /** How many of them the server joined it to. */
  #byServer = 0
  /** How many of them are companions. */
  #companions = 0
  /** The room whose join is under way; commands run one by one, so there is one at most. */
  #joining: string | null = null

  constructor(connection: Connection, format: RichFormat) {
    this.#connection = connection
    this.#format = format
  }

  /** Those that the client asked for, without companions. */
  get asked(): number {
    return sizeOf(this.#byRoom) - this.#byServer - this.#companions
  }

  /** Companions of rooms, which are not among those. */
  get companions(): number {
    return this.#companions
  }

  has(room: string): boolean {
    return inRoom(this.#byRoom, room) !== undefined
  }

  /** Whether this very membership goes on. */
  is(membership: Membership): boolean {
    return inRoom(this.#byRoom, membership.hold.room.name) === membership
  }

  /** Whether the membership has a right of its own, which a new ticket renews. */
  hasRight(room: string): boolean {
    return this.#rights?.has(room) ?? false
  }

  /**
   * The room has to be told by the caller: `Room.join` or `Room.holdBack`. What ends the membership
   * before `begins` is told by the reply to the join alone.
   */
  add({ hold, tellsPresence, right, isByServer }: Joining): Membership {
    const { room } = hold
    // A format of its own costs an encode of every message: only where joins are told at all.
    const isTold = tellsPresence && room.rule.presence === 'members'
    const format = isTold ? this.#format.withPresence : this.#format
    const membership = new Membership({
      ...{ connection: this.#connection, hold, format, echo: room.rule.echo, owner: this },
      isByServer,
    })
    this.#byRoom = including(this.#byRoom, membership)
    if (right !== null) this.renew(room.name, right)
    this.#count(membership, 1)
    this.#joining = room.name
    return membership
  }

  /** The join was answered. False where the membership has ended meanwhile. */
  begins(membership: Membership): boolean {
    this.#joining = null
    return this.is(membership)
  }

  /** From now on the membership lasts as long as this identity. */
  renew(room: string, right: Identity): void {
    const former = this.#rights?.get(room)
    this.#rights ??= new Map()
    const onExpired = ({ room }: OwnRight): void => this.#end(room, UNSUBSCRIBE.expired)
    this.#rights.set(room, new OwnRight(this.#connection, room, right, onExpired))
    if (former !== undefined) this.#release(former)
  }

  /** Does nothing for a room that the connection is not in. */
  leave(room: string): void {
    inRoom(this.#byRoom, room)?.leave()
    this.#forget(room)
  }

  leaveAll(): void {
    for (const room of roomsOf(this.#byRoom)) this.leave(room)
  }

  /** Ends what a revocation names, and leaves the connection. */
  revoked(revocation: Revocation): void {
    if ('session' in revocation) {
      for (const { room, identity } of [...(this.#rights?.values() ?? [])]) {
        if (identity.session === revocation.session) this.#end(room, UNSUBSCRIBE.expired)
      }
    } else if (revocation.room !== undefined) {
      for (const room of [revocation.room, companionOf(revocation.room)]) {
        if (this.has(room)) this.#end(room, UNSUBSCRIBE.sentOut)
      }
    }
  }

  /** A client does not join by itself what the server joined it to: it has to connect again. */
  membershipFailed({ hold: { room }, isByServer }: Membership, failure: Failure): void {
    this.#forget(room.name)
    if (isByServer) this.#connection.close(CLOSE.insufficientState)
    else this.#tell(room.name, ENDINGS[failure])
  }

  #end(room: string, code: CloseCode): void {
    this.leave(room)
    if (room !== this.#joining) this.#tell(room, code)
  }

  #tell(room: string, { code, reason }: CloseCode): void {
    const told = this.#format.announce({ type: 'unsubscribed', room, code, reason })
    if (told !== null) this.#connection.send(told)
  }

  #forget(room: string): void {
    const membership = inRoom(this.#byRoom, room)
    if (membership !== undefined) this.#count(membership, -1)
    this.#byRoom = without(this.#byRoom, room)
    const right = this.#rights?.get(room)
    if (right === undefined) return
    this.#rights?.delete(room)
    this.#release(right)
  }

  #count({ isByServer, hold }: Membership, by: 1 | -1): void {
    if (isByServer) this.#byServer += by
    else if (hold.room.companion !== null) this.#companions += by
  }

  #release(right: OwnRight): void {
    const { session } = right.identity
    const others = [...(this.#rights?.values() ?? [])].map(({ identity }) => identity.session)
    right.release([this.#connection.identity.session, ...others].includes(session))
  }
}
