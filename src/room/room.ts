// One room on this node: its members, and the messages that the engine brings for them.
import type { Appended, Follower, IdempotencyKey, MessageLog } from '../engine/message-log.ts'
import type { MessageEvent } from '../protocol/event.ts'
import type { Identity } from '../protocol/identity.ts'
import type { Draft, Message } from '../protocol/message.ts'
import { FanOut } from './fan-out.ts'
import type { Member } from './member.ts'
import type { RoomObserver } from './observer.ts'
import type { Authorize, Rule } from './rule.ts'
import type { Turn } from './turn.ts'

export interface RoomParts {
  log: MessageLog
  turn: Turn
  authorize: Authorize
  observer: RoomObserver
}

/** What a room is now. `users` counts each user once, however many connections. */
export interface RoomCounts {
  members: number
  users: number
}

export class Room implements Follower {
  readonly name: string
  readonly rule: Rule
  readonly #parts: RoomParts
  readonly #fanOut: FanOut

  constructor(name: string, rule: Rule, parts: RoomParts) {
    this.name = name
    this.rule = rule
    this.#parts = parts
    this.#fanOut = new FanOut(parts.turn)
  }

  get counts(): RoomCounts {
    const users = new Set<string>()
    for (const { user } of this.#fanOut.members()) if (user !== null) users.add(user)
    return { members: this.#fanOut.size, users: users.size }
  }

  join(member: Member): void {
    this.#fanOut.add(member)
    this.#parts.observer.joined(this.name, member)
  }

  leave(member: Member): void {
    this.#fanOut.remove(member)
    this.#parts.observer.left(this.name, member)
  }

  /** Asked anew for every message: rights may shrink while a connection lives (S20). */
  mayPublish(identity: Identity): boolean | Promise<boolean> {
    return this.#parts.authorize(identity, 'publish', this.name)
  }

  /** Appends only: delivery comes back from the engine, the same way on one node or many. */
  publish(draft: Draft, key: IdempotencyKey | null = null): Appended | Promise<Appended> {
    return this.#parts.log.append(this.name, draft, { retention: this.rule.history, key })
  }

  onMessage(message: Message): void {
    const event: MessageEvent = { type: 'message', room: this.name, message }
    this.#fanOut.push(event)
  }

  onGap(): void {
    // Nothing is kept yet, so nothing can be filled in: rooms without history are at most once.
  }
}
