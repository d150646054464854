// The rooms of this node: opened by the first who comes, closed after the last has gone.
import type { Appended, Follow, IdempotencyKey, MessageLog } from '../engine/message-log.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { DEFAULT_LIMITS } from '../protocol/limits.ts'
import type { Draft } from '../protocol/message.ts'
import { ownerOf } from '../protocol/names.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { type FanOutTotals, FlushScheduler, type OnFlush } from './fan-out/flush-scheduler.ts'
import { observedLog, type RoomObserver, UNOBSERVED } from './observer.ts'
import { Room, type RoomCounts, type RoomParts } from './room.ts'
import { type Action, type Authorize, allows, type Rule, ruleFor } from './rule.ts'

export interface RoomsParts {
  log: MessageLog
  clock: Clock
  rules: readonly Rule[]
  /** In the place of who the rules let in; personal rooms stay their owner's. */
  authorize?: Authorize | undefined
  observer?: RoomObserver | undefined
  onFlush?: OnFlush | undefined
  /** The default limit, if not said. */
  messageBytes?: number | undefined
}

/** How often rooms are asked to let go of what nobody needs. */
const SWEEP_MS = 10_000

/** A room that is open or opening, and how many keep it so. */
interface OpenRoom {
  readonly room: Room
  readonly follow: Promise<Follow>
  holds: number
}

/** Keeps a room open until released. A class, because every connection has one. */
export class RoomHold {
  readonly room: Room
  readonly #rooms: Rooms
  #released = false

  constructor(rooms: Rooms, room: Room) {
    this.#rooms = rooms
    this.room = room
  }

  /** May be called more than once. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#rooms.letGo(this.room)
  }
}

export class Rooms {
  readonly #rules: readonly Rule[]
  readonly #messageBytes: number
  readonly #parts: RoomParts
  readonly #open = new Map<string, OpenRoom>()
  readonly #sweeping: Timer

  constructor(parts: RoomsParts) {
    const { log, clock, rules, authorize, onFlush, observer = UNOBSERVED } = parts
    this.#messageBytes = parts.messageBytes ?? DEFAULT_LIMITS.messageBytes
    this.#rules = rules
    this.#parts = {
      log: observer === UNOBSERVED ? log : observedLog(log, observer),
      turn: new FlushScheduler({ clock, onFlush }),
      clock,
      authorize: authorize ? besides(authorize) : (...asked) => this.#allows(...asked),
      observer,
    }
    this.#sweeping = clock.every(SWEEP_MS, () => {
      for (const { room } of this.#open.values()) room.sweep(clock.elapsed())
    })
  }

  stop(): void {
    this.#sweeping.cancel()
  }

  /** Whether somebody may do that in this room. */
  permits(identity: Identity, action: Action, room: string): boolean | Promise<boolean> {
    return this.ruleOf(room) !== null && this.#parts.authorize(identity, action, room)
  }

  /** How many rooms are open on this node. */
  get size(): number {
    return this.#open.size
  }

  /** Over all rooms of this node, now. */
  get members(): number {
    let members = 0
    for (const { room } of this.#open.values()) members += room.members
    return members
  }

  get totals(): Readonly<FanOutTotals> {
    return this.#parts.turn.totals
  }

  ruleOf(name: string): Rule | null {
    return this.#open.get(name)?.room.rule ?? ruleFor(this.#rules, name)
  }

  counts(name: string): RoomCounts {
    return this.#open.get(name)?.room.counts ?? { members: 0, users: 0 }
  }

  /**
   * Opens a room, or keeps it open. Resolves when no later message can be missed, so that it can
   * be done before the 101 and joining afterwards is a plain call.
   */
  async open(name: string, rule: Rule): Promise<RoomHold> {
    const entry = this.#open.get(name) ?? this.#start(name, rule)
    entry.holds += 1
    const hold = new RoomHold(this, entry.room)
    try {
      await entry.follow
    } catch (error) {
      hold.release()
      throw error
    }
    return hold
  }

  /** For RoomHold alone: the last one closes the room. */
  letGo(room: Room): void {
    const entry = this.#open.get(room.name)
    if (entry?.room !== room) return
    entry.holds -= 1
    if (entry.holds > 0) return
    this.#open.delete(room.name)
    entry.follow.then(stop, ignore)
  }

  /**
   * Publishes into a room that need not be open here. Throws a Refusal for a message that the rule
   * or the limit does not take.
   */
  publish(name: string, rule: Rule, { draft, key }: Keyed): Published {
    if (draft.payload.length > this.#messageBytes) {
      throw new Refusal(REPLY.tooLarge, `A message has at most ${this.#messageBytes} bytes.`)
    }
    if (rule.payload === 'json' && draft.kind !== 'json') {
      throw new Refusal(REPLY.unsupportedMediaType, `The room ${name} takes JSON alone.`)
    }
    this.#parts.turn.totals.published += 1
    return this.#parts.log.append(name, draft, { retention: rule.history, key })
  }

  /** Replaces a message by a tombstone. False when there is no message at that offset. */
  redact(name: string, offset: number): Promise<boolean> {
    return this.#parts.log.redact(name, offset)
  }

  #allows(identity: Identity, action: Action, room: string): boolean {
    const rule = this.ruleOf(room)
    return rule !== null && allows(rule, identity, action, room)
  }

  #start(name: string, rule: Rule): OpenRoom {
    const room = new Room(name, rule, this.#parts)
    const entry: OpenRoom = { room, follow: this.#parts.log.follow(name, room), holds: 0 }
    this.#open.set(name, entry)
    return entry
  }
}

/** A draft and the key that makes it take effect once, if it has one. */
export interface Keyed {
  draft: Draft
  key: IdempotencyKey | null
}

type Published = Appended | Promise<Appended>

function stop(follow: Follow): void {
  follow.stop()
}

/** A follow that never began needs no end; who opened the room was told. */
function ignore(): void {}

/** An application decides over its rooms; whose personal room it is, is not its to decide. */
function besides(authorize: Authorize): Authorize {
  return (identity, action, room) => {
    const owner = ownerOf(room)
    if (owner === null) return authorize(identity, action, room)
    return identity.server !== null || identity.user === owner
  }
}
