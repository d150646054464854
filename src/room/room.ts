// One room on this node: its members, and the messages that the engine brings for them.
import type { Follower, MessageLog } from '../engine/message-log.ts'
import type { MessageEvent } from '../protocol/event.ts'
import type { Identity } from '../protocol/identity.ts'
import type { Draft, Message } from '../protocol/message.ts'
import type { Clock } from '../time/clock.ts'
import { FanOut } from './fan-out/fan-out.ts'
import type { FlushScheduler } from './fan-out/flush-scheduler.ts'
import { History } from './history.ts'
import type { Member } from './member.ts'
import type { RoomObserver } from './observer.ts'
import type { Permits } from './permission.ts'
import type { Published, Publisher, PublishTarget, Sender } from './publish.ts'
import { Resume, type Start } from './resume.ts'
import type { Rule } from './rule.ts'

export interface RoomParts {
  log: MessageLog
  turn: FlushScheduler
  clock: Clock
  permits: Permits
  publisher: Publisher
  observer: RoomObserver | null
}

/** How a member comes in, when not just for what is said from now on. */
export interface JoinAt {
  start: Start
  /** Asked again while it is brought up to now. */
  mayJoin: () => boolean | Promise<boolean>
}

/** What a room is now. `users` counts each user once, however many connections. */
export interface RoomCounts {
  members: number
  users: number
}

export class Room implements Follower, PublishTarget {
  readonly name: string
  readonly rule: Rule
  readonly #parts: RoomParts
  readonly #fanOut: FanOut
  /** Null in rooms that keep nothing. */
  readonly #history: History | null
  readonly #resuming = new Map<Member, Resume>()

  constructor(name: string, rule: Rule, parts: RoomParts) {
    this.name = name
    this.rule = rule
    this.#parts = parts
    this.#fanOut = new FanOut(parts.turn)
    const { log, clock } = parts
    const retention = rule.history
    this.#history = retention && new History({ log, clock, room: name, retention })
  }

  get members(): number {
    return this.#fanOut.size + this.#resuming.size
  }

  get counts(): RoomCounts {
    const users = new Set<string>()
    for (const { user } of this.#fanOut.members()) if (user !== null) users.add(user)
    for (const { user } of this.#resuming.keys()) if (user !== null) users.add(user)
    return { members: this.members, users: users.size }
  }

  /** A room without history has nothing to start at: every start is now. */
  join(member: Member, at: JoinAt | null = null): void {
    if (at === null || this.#history === null) this.#fanOut.add(member)
    else this.#resume(this.#history, member, at)
    this.#parts.observer?.joined(this.name, member)
  }

  leave(member: Member): void {
    this.#resuming.get(member)?.cancel()
    this.#resuming.delete(member)
    this.#fanOut.remove(member)
    this.#parts.observer?.left(this.name, member)
  }

  mayJoin(identity: Identity): boolean | Promise<boolean> {
    return this.#parts.permits(this.rule, identity, 'join', this.name)
  }

  /**
   * Appends only: delivery comes back from the engine, the same way on one node or many. The right
   * is asked again for every message, since rights may shrink while a connection lives (S20).
   */
  publish(sender: Sender, draft: Draft, key: string | null = null): Published {
    return this.#parts.publisher.publish(this, sender, draft, key)
  }

  onMessage(message: Message): void {
    this.#history?.push(message)
    for (const resume of this.#resuming.values()) resume.hold(message)
    const event: MessageEvent = { type: 'message', room: this.name, message }
    this.#fanOut.push(event)
  }

  onGap(): void {
    this.#history?.forget()
  }

  /** Lets go of what was kept at hand for nobody. */
  sweep(elapsed: number): void {
    this.#history?.sweep(elapsed)
  }

  /** A message became a tombstone: the cached tail still holds what it said. */
  onRedacted(): void {
    this.#history?.forget()
  }

  #resume(history: History, member: Member, { start, mayJoin }: JoinAt): void {
    const onLive = (): void => {
      this.#resuming.delete(member)
      this.#fanOut.add(member)
    }
    const parts = { room: this.name, history, clock: this.#parts.clock, mayJoin, onLive }
    const resume = new Resume(member, parts)
    this.#resuming.set(member, resume)
    // It never rejects: a member hears of what fails.
    void resume.run(start)
  }
}
