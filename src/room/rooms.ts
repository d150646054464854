// The rooms of this node, and what may be asked of any room.
import type { MessageLog, RoomQuery } from '../engine/message-log.ts'
import type { Holder, Shares } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { ClientInfo } from '../protocol/event.ts'
import type { Identity } from '../protocol/identity.ts'
import { DEFAULT_LIMITS } from '../protocol/limits.ts'
import type { Draft, Position } from '../protocol/message.ts'
import { companionedBy, isRoomName } from '../protocol/names.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { type FanOutTotals, FlushScheduler, type OnFlush } from './fan-out/flush-scheduler.ts'
import { listRooms, type RoomList } from './list-rooms.ts'
import type { RoomObserver } from './observer.ts'
import { OpenRooms, type RoomHold } from './open-rooms.ts'
import { notPermitted, type Purpose, permitsBy } from './permission.ts'
import { type PresenceCounts, type PresenceParts, presenceOf } from './presence.ts'
import { type Published, Publisher, type PublishTarget, type Sender } from './publish.ts'
import { type HistoryAnswer, type HistoryRequest, readHistory } from './read-history.ts'
import { type PageAnswer, type PageRequest, readPage } from './read-page.ts'
import { PresenceReads, type RoomMembers } from './read-presence.ts'
import { ReadRate } from './read-rate.ts'
import { type ReceiptSettings, Receipts, type ReceiptsParts } from './receipts.ts'
import { type RedactionTarget, redact } from './redact.ts'
import { Room, type RoomCounts } from './room.ts'
import type { RoomParts } from './room-parts.ts'
import { type Authorize, letsAnyoneIn, type Rule, ruleFor } from './rule.ts'

export interface RoomsParts {
  log: MessageLog
  clock: Clock
  shares: Shares
  rules: readonly Rule[]
  /** Decides instead of the rules who may join and publish; personal rooms stay their owner's. */
  authorize?: Authorize | undefined
  observer?: RoomObserver | undefined
  onFlush?: OnFlush | undefined
  /** Without it there is no presence, whatever the rules say. */
  presence?: PresenceParts | undefined
  /** Without it there are no receipts, whatever the rules say. */
  receipts?: ReceiptSettings | undefined
  /** The default limit, if not given. */
  messageBytes?: number | undefined
}

export interface RoomState extends RoomCounts {
  rule: Rule
  /** The newest position. */
  head: Position | null
  /** How many messages were redacted in this epoch. */
  redactions: number | null
}

/** How often rooms are asked to forget what no member needs. */
const SWEEP_MS = 10_000

export class Rooms {
  /** Also for connections that gather what several rooms give them. */
  readonly scheduler: FlushScheduler
  /** Whether a connection without a credential may be of use in some room. */
  readonly admitsAnonymous: boolean
  readonly #rules: readonly Rule[]
  readonly #receipts: Receipts | null
  readonly #parts: RoomParts
  readonly #presence: PresenceReads
  readonly #open: OpenRooms
  readonly #sweeping: Timer

  constructor(parts: RoomsParts) {
    const { log, clock, shares, rules, authorize, onFlush } = parts
    const { observer = null, presence = null, receipts = null } = parts
    const { messageBytes = DEFAULT_LIMITS.messageBytes } = parts
    const scheduler = new FlushScheduler({ clock, onFlush })
    const permits = permitsBy(authorize)
    const { totals } = scheduler
    const publisher = new Publisher({ log, clock, permits, messageBytes, observer, totals })
    this.scheduler = scheduler
    this.#rules = rules
    this.admitsAnonymous = authorize !== undefined || rules.some(letsAnyoneIn)
    const readRate = new ReadRate(shares)
    this.#receipts = receipts && this.#receiptsWith({ ...receipts, log, clock, readRate })
    this.#parts = {
      ...{ log, scheduler, clock, shares, readRate, permits, publisher, observer },
      receipts: this.#receipts,
      presenceOf: (room) => {
        const onSettled = () => this.#open.closeUnused(room)
        return presence && presenceOf(room, { ...presence, clock, onSettled })
      },
      companionOf: (room) => this.#receipts?.companion(room) ?? null,
    }
    this.#open = new OpenRooms({
      make: (name, rule) => new Room(name, rule, this.#parts),
      follow: (room) => room.companion?.follow() ?? log.follow(room.name, room),
    })
    this.#presence = new PresenceReads({
      ...{ presence, readRate },
      ruleFor: async (room, identity) =>
        identity === null ? this.#known(room) : this.permitted(room, identity, 'join'),
      openIn: (room) => this.#open.get(room)?.presence ?? null,
    })
    this.#sweeping = clock.every(SWEEP_MS, () => {
      for (const room of this.#open.all()) room.sweep(clock.elapsed())
    })
  }

  stop(): void {
    this.#sweeping.cancel()
    this.#receipts?.stop()
    for (const room of this.#open.all()) room.presence?.stop()
  }

  /** Throws a Refusal where there are none. */
  get receipts(): Receipts {
    if (this.#receipts !== null) return this.#receipts
    throw new Refusal(REPLY.notAvailable, 'There are no receipts here.')
  }

  /**
   * The rule of a room, for an identity that may do this in it. Rejects with 401 without a
   * credential, else 403, in the same words whether or not the room has a rule at all (S32).
   */
  async permitted(room: string, identity: Identity, purpose: Purpose): Promise<Rule> {
    const rule = this.ruleOf(room)
    const may = rule !== null && (await this.#parts.permits(rule, identity, purpose, room))
    if (rule === null || !may) throw notPermitted(identity, purpose)
    if (companionedBy(room) !== null && (rule.receipts === 'off' || this.#receipts === null)) {
      throw new Refusal(REPLY.notAvailable, 'The rule of this room has no receipts.')
    }
    return rule
  }

  /** How many rooms are open on this node. */
  get size(): number {
    return this.#open.size
  }

  /** Over all rooms of this node, now. */
  get members(): number {
    let members = 0
    for (const room of this.#open.all()) members += room.members
    return members
  }

  get totals(): Readonly<FanOutTotals> {
    return this.scheduler.totals
  }

  ruleOf(name: string): Rule | null {
    const open = this.#open.get(name)
    if (open !== null) return open.rule
    const isName = isRoomName(name) || companionedBy(name) !== null
    return isName ? ruleFor(this.#rules, name) : null
  }

  /** On this node. */
  counts(name: string): RoomCounts {
    return this.#open.get(name)?.counts ?? { members: 0, users: 0 }
  }

  /** Opens a room, or keeps it open; see `OpenRooms.open`. */
  open(name: string, rule: Rule): Promise<RoomHold> {
    return this.#open.open(name, rule)
  }

  /** Publishes into a room that need not be open on this node; see `Publisher.publish`. */
  publish(name: string, sender: Sender, draft: Draft, key: string | null = null): Published {
    if (companionedBy(name) !== null) {
      throw new Refusal(REPLY.forbidden, 'In this room only Usher itself publishes.')
    }
    const target: PublishTarget = this.#open.get(name) ?? this.#closed(name, sender)
    return this.#parts.publisher.publish(target, sender, draft, key)
  }

  /**
   * The state of a room now, for an identity that may join it; `head` and `redactions` are null
   * without history. Members are those of all nodes where the rule has presence, else of this one.
   */
  async state(name: string, identity: Identity): Promise<RoomState> {
    const rule = await this.permitted(name, identity, 'join')
    const kept = rule.history && (await this.#parts.log.summary(name, rule.history))
    const { head = null, redactions = null } = kept ?? {}
    const counts = (await this.#presence.roomCounts(name, rule)) ?? this.counts(name)
    return { rule, head, redactions, ...counts }
  }

  /** The connections in a room; see `PresenceReads`. */
  presence(name: string, identity: Identity, holder?: Holder): Promise<readonly ClientInfo[]> {
    return this.#presence.clients(name, identity, holder)
  }

  presenceCounts(name: string, identity: Identity): Promise<PresenceCounts> {
    return this.#presence.counts(name, identity)
  }

  /** The users in a room; for the application itself, which needs no right. */
  membersIn(name: string): Promise<RoomMembers> {
    return this.#presence.members(name, null)
  }

  /** The same as JSON, for an identity that may join the room. */
  membersJson(name: string, identity: Identity, holder: Holder): Promise<Buffer> {
    return this.#presence.membersJson(name, identity, holder)
  }

  /** A page of the messages that a room keeps; see `readPage`. */
  async page(name: string, identity: Identity, request: PageRequest): Promise<PageAnswer> {
    const { history } = await this.permitted(name, identity, 'join')
    return readPage(this.#parts, name, history, request)
  }

  /** Messages that a room keeps, in the bytes of a reply; see `readHistory`. */
  async history(name: string, identity: Identity, request: HistoryRequest): Promise<HistoryAnswer> {
    const { history } = await this.permitted(name, identity, 'join')
    return readHistory(this.#parts, name, history, request)
  }

  /** Takes a message back. Rejects with 403 for another user's, and 404 where there is none. */
  async redact(name: string, identity: Identity, target: RedactionTarget): Promise<void> {
    const { history } = await this.permitted(name, identity, 'redact')
    await redact(this.#parts.log, { room: name, retention: history, identity, ...target })
  }

  /**
   * Redacts all that a user has said up to now, in all rooms: it is not shown from the answer on,
   * and deleted soon. Needs no right in any room.
   */
  redactUser(user: string): Promise<void> {
    return this.#parts.log.redactUser(user)
  }

  /** Rooms by name, with their members on this node; for operators. */
  list(query: RoomQuery): Promise<RoomList> {
    const live = [...this.#open.all()].filter(({ companion }) => companion === null)
    return listRooms(this.#parts.log, live, query)
  }

  /**
   * Deletes what a room keeps; members are told as after a loss, and a new epoch begins. No rule is
   * asked: there may be none any more for what was kept.
   */
  async delete(name: string): Promise<void> {
    await this.#parts.log.deleteRoom(name)
  }

  #receiptsWith(parts: Omit<ReceiptsParts, 'open' | 'permitted' | 'ruleOf'>): Receipts {
    return new Receipts({
      ...parts,
      open: () => this.#open.all(),
      permitted: (room, identity) => this.permitted(room, identity, 'join'),
      ruleOf: (room) => this.ruleOf(room),
    })
  }

  #closed(name: string, { identity }: Sender): PublishTarget {
    if (identity === null) return { name, rule: this.#known(name) }
    const rule = this.ruleOf(name)
    if (rule !== null) return { name, rule }
    throw notPermitted(identity, 'publish')
  }

  #known(name: string): Rule {
    const rule = this.ruleOf(name)
    if (rule !== null) return rule
    throw new Refusal(REPLY.forbidden, `No rule is for a room like ${name}.`)
  }
}
