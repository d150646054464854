// One room on this node: its members, and the messages that the engine brings for them.
import type { Appended, Follower, IdempotencyKey, MessageLog } from '../engine/message-log.ts'
import type { MessageEvent } from '../protocol/event.ts'
import type { Draft, Message } from '../protocol/message.ts'
import { FanOut, type Turn } from './fan-out.ts'
import type { Member } from './member.ts'
import type { Rule } from './rule.ts'

export interface RoomParts {
  log: MessageLog
  turn: Turn
}

/** What a room is now. `users` counts each user once, however many connections. */
export interface RoomCounts {
  members: number
  users: number
}

export class Room implements Follower {
  readonly name: string
  readonly rule: Rule
  readonly #log: MessageLog
  readonly #fanOut: FanOut

  constructor(name: string, rule: Rule, { log, turn }: RoomParts) {
    this.name = name
    this.rule = rule
    this.#log = log
    this.#fanOut = new FanOut(turn)
  }

  get counts(): RoomCounts {
    const users = new Set<string>()
    for (const { user } of this.#fanOut.members()) if (user !== null) users.add(user)
    return { members: this.#fanOut.size, users: users.size }
  }

  join(member: Member): void {
    this.#fanOut.add(member)
  }

  leave(member: Member): void {
    this.#fanOut.remove(member)
  }

  /** Appends only: delivery comes back from the engine, the same way on one node or many. */
  publish(draft: Draft, key: IdempotencyKey | null = null): Appended | Promise<Appended> {
    return this.#log.append(this.name, draft, { retention: this.rule.history, key })
  }

  onMessage(message: Message): void {
    const event: MessageEvent = { type: 'message', room: this.name, message }
    this.#fanOut.push(event)
  }

  onGap(): void {
    // Nothing is kept yet, so nothing can be filled in: rooms without history are at most once.
  }
}
