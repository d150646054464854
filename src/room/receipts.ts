// Who belongs to a room and how far they have got: what users and servers may ask of it and change.
import type { MessageLog } from '../engine/message-log.ts'
import type { Move, Owner, Participant, Receipt, ReceiptStore } from '../engine/receipt-store.ts'
import { type Holder, holderOf } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { companionedBy } from '../protocol/names.ts'
import { hasScope, lacksScope } from '../protocol/scope.ts'
import type { Clock } from '../time/clock.ts'
import { Companion, type CompanionRoom } from './companion.ts'
import { OwnDevices } from './own-devices.ts'
import { ParticipantsSeen, type Present } from './participants-seen.ts'
import { notPermitted } from './permission.ts'
import type { ReadRate } from './read-rate.ts'
import { placeIn, type RoomsOfUserRequest, roomsOfUser } from './rooms-of-user.ts'
import type { Rule } from './rule.ts'
import { type Reached, reachedBy, type Watermarks, watermarks } from './watermarks.ts'

export interface ReceiptSettings {
  store: ReceiptStore
  /** See `limits.receiptParticipants`; null for any number. */
  participantsMax: number | null
  /** The store failed otherwise than by being away. MUST NOT throw. */
  onFailure(error: unknown): void
}

interface OpenRoom {
  readonly name: string
  readonly rule: Rule
  /** The users that are in it here. */
  readonly users: ReadonlyMap<string, number>
}

export interface ReceiptsParts extends ReceiptSettings {
  log: MessageLog
  clock: Clock
  readRate: ReadRate
  /** The rooms that are open on this node. */
  open(): Iterable<OpenRoom>
  /** The rule of a room, for an identity that may join it. */
  permitted(room: string, identity: Identity): Promise<Rule>
  /** The rule of a room; null where no rule is for it. */
  ruleOf(room: string): Rule | null
}

/** A participant as others see it; `read` is null while they read privately. */
export interface ShownParticipant extends Owner {
  joined: number
  delivered: number
  read: number | null
}

/**
 * `participants` is their number where the rule tells counts only, and null where they are too
 * many. What is about one message is there where it was asked for: numbers with counts.
 */
export interface RoomReceipts extends Watermarks {
  participants: ShownParticipant[] | number | null
  deliveredTo?: string[] | number | null
  readBy?: string[] | number | null
}

/** By room; null where the identity may. */
export type Refusals = ReadonlyMap<string, Refusal | null>

/** About what a participant takes in an answer, beside the names. */
const PARTICIPANT_BYTES = 96

export class Receipts {
  readonly #parts: ReceiptsParts
  readonly #most: number
  readonly #devices: OwnDevices
  readonly #seen: ParticipantsSeen

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
    this.#most = parts.participantsMax ?? Number.MAX_SAFE_INTEGER
    this.#devices = new OwnDevices(parts)
    this.#seen = new ParticipantsSeen({ ...parts, present: () => present(parts.open()) })
  }

  stop(): void {
    this.#devices.stop()
    this.#seen.stop()
  }

  /** A member of this user came into a room. */
  entered(user: string | null, room: string, rule: Rule): void {
    if (user !== null && hasReceipts(room, rule)) this.#seen.came(user, room)
  }

  /** What the members of a companion room are told; null for any other room. */
  companion(room: CompanionRoom): Companion | null {
    const companioned = companionedBy(room.name)
    if (companioned === null) return null
    return new Companion(companioned, room, { ...this.#parts, participantsMax: this.#most })
  }

  /** The rooms that the user belongs to, as JSON; see `roomsOfUser`. `before` is a `next`. */
  rooms(
    identity: Identity,
    { before, ...rest }: Omit<RoomsOfUserRequest, 'before'> & { before: string | null },
  ): Promise<string> {
    const place = before === null ? null : placeIn(before)
    return roomsOfUser(this.#parts, identity, { ...rest, before: place })
  }

  /** Asks the rules, or the application, about each room of these moves. */
  async refusals(identity: Identity, moves: readonly Move[]): Promise<Refusals> {
    const refusals = new Map<string, Refusal | null>()
    for (const { room } of moves) {
      if (!refusals.has(room)) refusals.set(room, await this.#refusal(room, identity))
    }
    return refusals
  }

  /**
   * Moves the identity's own receipts: gives what each is now, in the order of the moves, or why it
   * was refused. Rejects where none may have been made.
   */
  async move(
    identity: Identity,
    moves: readonly Move[],
    holder: Holder,
    known?: Refusals,
  ): Promise<(Receipt | Error)[]> {
    const owner = ownerOf(identity)
    const refusals = known ?? (await this.refusals(identity, moves))
    const allowed = moves.filter(({ room }) => !refusals.get(room))
    const made = allowed.length === 0 ? [] : await this.#parts.store.move(owner, allowed, holder)
    let next = 0
    return moves.map((move) => {
      const refusal = refusals.get(move.room)
      if (refusal) return refusal
      const receipt = made[next] ?? new Error('The store gave no answer to a move.')
      next += 1
      const hasRead = move.read !== null && !(receipt instanceof Error)
      if (hasRead) this.#devices.moved(owner.user, move.room, receipt)
      return receipt
    })
  }

  /** `offset` names a message, to learn which others it has reached. */
  async read(
    room: string,
    identity: Identity,
    { offset, holder }: { offset: number | null; holder?: Holder },
  ): Promise<RoomReceipts> {
    const { store, readRate } = this.#parts
    const asker = holder ?? holderOf(identity, null)
    const reached = readRate.over(asker)
    if (reached !== null) throw reached.refusal
    const { receipts: mode } = await this.#rule(room, identity)
    const found = await store.participants(room, this.#most)
    const charged = (found?.length ?? 0) * PARTICIPANT_BYTES
    readRate.charge(asker, charged)
    if (found === null) return this.#tooMany(room, mode, offset)
    const marks = watermarks(found, identity.user)
    const about = offset === null ? null : reachedBy(found, offset, identity.user)
    if (mode === 'counts') return { participants: found.length, ...marks, ...counted(about) }
    return { participants: found.map(shown), ...marks, ...about }
  }

  /** Makes a user a participant: themselves, or any user where a server does it. */
  async add(room: string, user: string, identity: Identity, holder: Holder): Promise<void> {
    await this.#mayChange(room, user, identity)
    const name = identity.user === user ? identity.name : null
    await this.#parts.store.add(room, { user, name }, holder)
  }

  /** The user belongs to the room no longer, whether they did before or not. */
  async remove(room: string, user: string, identity: Identity): Promise<void> {
    if (identity.server === null && identity.user !== user) throw notPermitted(identity, 'join')
    if (!hasScope(identity, 'rooms')) throw lacksScope('rooms')
    // Who may join no longer may leave all the same, but not by a ticket for other rooms (S47).
    if (identity.rooms?.includes(room) === false) throw notPermitted(identity, 'join')
    await this.#parts.store.remove(room, user)
  }

  async #mayChange(room: string, user: string, identity: Identity): Promise<void> {
    if (identity.server === null) {
      if (identity.user !== user) throw notPermitted(identity, 'join')
      await this.#rule(room, identity)
      return
    }
    if (!hasScope(identity, 'rooms')) throw lacksScope('rooms')
    const rule = this.#parts.ruleOf(room)
    if (rule === null) throw notPermitted(identity, 'join')
    checkOn(room, rule)
  }

  async #refusal(room: string, identity: Identity): Promise<Refusal | null> {
    try {
      await this.#rule(room, identity)
      return null
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }

  async #rule(room: string, identity: Identity): Promise<Rule> {
    const rule = await this.#parts.permitted(room, identity)
    checkOn(room, rule)
    return rule
  }

  async #tooMany(room: string, mode: Rule['receipts'], offset: number | null) {
    const nothing = { deliveredToAll: null, readByAll: null }
    const about = offset === null ? null : { deliveredTo: null, readBy: null }
    if (mode !== 'counts') return { participants: null, ...nothing, ...about }
    const { participants } = await this.#parts.store.sums(room, this.#most)
    return { participants, ...nothing, ...about }
  }
}

function* present(rooms: Iterable<OpenRoom>): Generator<Present, void> {
  for (const { name, rule, users } of rooms) {
    if (hasReceipts(name, rule)) for (const user of users.keys()) yield [user, name]
  }
}

/** A companion room has those of the room that it stands beside. */
function hasReceipts(room: string, { receipts }: Rule): boolean {
  return receipts !== 'off' && companionedBy(room) === null
}

function checkOn(room: string, rule: Rule): void {
  if (hasReceipts(room, rule)) return
  throw new Refusal(REPLY.notAvailable, 'The rule of this room has no receipts.')
}

function ownerOf({ user, name, server }: Identity): Owner {
  if (user !== null) return { user, name }
  if (server === null) throw new Refusal(REPLY.unauthorized, 'Only users have receipts: log in.')
  throw new Refusal(REPLY.forbidden, 'Only users have receipts: a server key has none.')
}

function shown({ user, name, joined, delivered, ...rest }: Participant): ShownParticipant {
  return { user, name, joined, delivered, read: rest.readsPrivately ? null : rest.read }
}

function counted(about: Reached | null) {
  return about && { deliveredTo: about.deliveredTo.length, readBy: about.readBy.length }
}
