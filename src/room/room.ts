// One room on this node: its members, and the messages that the engine brings for them.
import type { Follower } from '../engine/message-log.ts'
import type { RoomEvent } from '../protocol/event.ts'
import type { Identity } from '../protocol/identity.ts'
import type { Draft, Message, Position } from '../protocol/message.ts'
import type { Companion } from './companion.ts'
import { isWithheld } from './encoded-messages.ts'
import { FanOut } from './fan-out/fan-out.ts'
import { JOIN_BYTES_MAX } from './fan-out/group.ts'
import { Gap } from './gap-healing.ts'
import { History } from './history.ts'
import { JoinBuffer } from './join-buffer.ts'
import type { Member } from './member.ts'
import type { RoomObserver } from './observer.ts'
import type { RoomPresence } from './presence.ts'
import type { Published, PublishTarget, Sender } from './publish.ts'
import { type Recovered, type RecoveryRequest, recover } from './recovery.ts'
import { Resume, type Start } from './resume.ts'
import type { RoomParts } from './room-parts.ts'
import type { Rule } from './rule.ts'
import type { Present } from './tail.ts'
import { countUser } from './user-count.ts'

/** How a member joins when it gets earlier messages too. */
export interface JoinAt {
  start: Start
  /** Asked again while the member is brought up to date. */
  mayJoin: () => boolean | Promise<boolean>
}

/** The members of a room now. `users` counts each user once, however many connections. */
export interface RoomCounts {
  members: number
  users: number
}

interface Joining {
  readonly buffer: JoinBuffer
  readonly resume: Resume | null
}

export class Room implements Follower, PublishTarget {
  readonly name: string
  readonly rule: Rule
  readonly #parts: RoomParts
  readonly #fanOut: FanOut
  /** Null in rooms that keep nothing. */
  readonly #history: History | null
  /** Null where the rule switches it off. */
  readonly presence: RoomPresence | null
  /** What its members are told, in a companion room; null in all others. */
  readonly companion: Companion | null
  /** Members that are being brought up to date, and messages that are published meanwhile. */
  readonly #joining = new Map<Member, Joining>()
  /** Users in this room, and how many members each has; counted once `counts` was read. */
  #users: Map<string, number> | null = null
  #gap: Gap | null = null
  /** How far the last gap was healed; null when messages were told since. */
  #healedTo: Position | null = null

  constructor(name: string, rule: Rule, parts: RoomParts) {
    this.name = name
    this.rule = rule
    this.#parts = parts
    this.#fanOut = new FanOut(parts.scheduler)
    const { log, clock, shares } = parts
    const retention = rule.history
    this.#history = retention && new History({ log, clock, shares, room: name, retention })
    this.presence = parts.presenceOf(this)
    this.companion = parts.companionOf(this)
  }

  /** Earlier messages, for members that return; null in rooms that keep nothing. */
  get history(): History | null {
    return this.#history
  }

  get members(): number {
    return this.#fanOut.size + this.#joining.size
  }

  get counts(): RoomCounts {
    return { members: this.members, users: this.users.size }
  }

  /** How many members each user has here. */
  get users(): ReadonlyMap<string, number> {
    this.#users ??= this.#countUsers()
    return this.#users
  }

  /** In a room without history every member starts with what is published from now on. */
  join(member: Member, at: JoinAt | null = null): void {
    this.#countUser(member, 1)
    if (at === null || this.#history === null) this.#fanOut.add(member)
    else this.#resume(this.#history, member, at)
    this.#observer?.joined(this.name, member)
    this.#entered(member)
  }

  /**
   * Adds a member that gets nothing yet: published messages are kept in the buffer, until `release`
   * or `leave`.
   */
  holdBack(member: Member): JoinBuffer {
    const buffer = new JoinBuffer()
    this.#countUser(member, 1)
    this.#joining.set(member, { buffer, resume: null })
    this.#observer?.joined(this.name, member)
    return buffer
  }

  /** What a member that is held back has missed; only in a room with history. See `recover`. */
  recover(buffer: JoinBuffer, request: RecoveryRequest): Promise<Recovered> {
    const { readRate } = this.#parts
    if (this.#history === null) throw new Error('a room without history has no positions')
    return recover({ history: this.#history, readRate, buffer }, request)
  }

  /** The member has everything up to `at`: it gets the rest now, and then live messages. */
  release(member: Member, at: Position): void {
    const joining = this.#joining.get(member)
    if (joining === undefined) return
    const { buffer } = joining
    // A member never gets a hole that it is not told of: it returns with the position that it has.
    if (!buffer.follows(at)) return member.fail('unavailable')
    const rest = buffer.after(at)
    const frames =
      this.#history?.buffersFor(member, rest, JOIN_BYTES_MAX) ?? this.#framesFor(member, rest)
    for (const { bytes } of frames) if (this.#joining.has(member)) member.deliver(bytes)
    for (const offset of buffer.redacted) {
      const bytes = member.format.encode({ type: 'redacted', room: this.name, offset })
      if (bytes !== null && this.#joining.has(member)) member.deliver(bytes)
    }
    // A delivery may have cut the member as slow, and then it has left.
    if (!this.#joining.delete(member)) return
    this.#fanOut.add(member)
    this.#entered(member)
  }

  #entered(member: Member): void {
    this.presence?.enter(member)
    this.#parts.receipts?.entered(member.user, this.name, this.rule)
  }

  /** The application is not told of companions. */
  get #observer(): RoomObserver | null {
    return this.companion === null ? this.#parts.observer : null
  }

  /** In a room without history, where no other member joins with the same messages. */
  *#framesFor(member: Member, messages: readonly Message[]): Iterable<{ bytes: Buffer }> {
    for (const message of messages) {
      if (isWithheld(message, member)) continue
      const bytes = member.format.encode({ type: 'message', room: this.name, message })
      if (bytes !== null) yield { bytes }
    }
  }

  leave(member: Member): void {
    const joining = this.#joining.get(member)
    if (joining === undefined && !this.#fanOut.has(member)) return
    joining?.resume?.cancel()
    this.#joining.delete(member)
    this.#fanOut.remove(member)
    this.#countUser(member, -1)
    this.presence?.leave(member)
    this.#observer?.left(this.name, member)
  }

  mayJoin(identity: Identity): boolean | Promise<boolean> {
    return this.#parts.permits(this.rule, identity, 'join', this.name)
  }

  /**
   * Appends only: the engine brings the message back for delivery, the same way on one node or
   * many. The right is checked for every message, since rights may shrink meanwhile (S20).
   */
  publish(sender: Sender, draft: Draft, key: string | null = null): Published {
    return this.#parts.publisher.publish(this, sender, draft, key)
  }

  onMessage(message: Message): void {
    if (this.#gap !== null) return this.#gap.buffer.push(message)
    if (message.epoch !== null) this.#healedTo = null
    this.#tell(message)
  }

  /** Tells all members an event, in its order among the messages. */
  tell(event: RoomEvent): void {
    this.#fanOut.push(event)
  }

  /**
   * Messages after this position are unknown: they are read and delivered before newer ones, and
   * before a joining member is live.
   */
  onGap(after: Position): void {
    const history = this.#history
    if (history === null) return
    for (const { buffer } of this.#joining.values()) buffer.overflow()
    // An open gap began before this one: it is read on until nothing is missing.
    if (this.#gap !== null) return this.#gap.buffer.overflow()
    const gap = new Gap({
      ...{ history, clock: this.#parts.clock },
      tell: (message) => this.#tell(message),
      lost: (present) => this.#lost(present),
      healed: (at) => {
        this.#gap = null
        this.#healedTo = at
      },
    })
    this.#gap = gap
    // The engine counts only messages that it told: a former gap may have been healed further.
    history.suspend(() => gap.heal(this.#healedTo ?? after))
  }

  /** The last hold was released: healing a gap stops, and no message stays in memory. */
  close(): void {
    this.#gap?.abandon()
    this.#history?.close()
    this.presence?.stop()
  }

  /** Drops cached messages that no member uses. */
  sweep(elapsed: number): void {
    this.#history?.sweep(elapsed)
  }

  /** The cached tail, and what is held back for members, still has the payload. */
  onRedacted(offset: number): void {
    this.#history?.redacted(offset)
    this.#redactHeld((message) => message.offset === offset)
    for (const { buffer } of this.#joining.values()) buffer.noteRedacted(offset)
    this.#fanOut.push({ type: 'redacted', room: this.name, offset })
  }

  /** Members are not told: there may be any number of messages. */
  onUserRedacted(user: string): void {
    if (this.#history === null) return
    this.#history.userRedacted(user)
    this.#redactHeld((message) => message.user === user)
  }

  onRecounted(): void {
    this.#history?.forget()
  }

  /** Messages before this offset are not kept any more. */
  onHidden(before: number): void {
    this.#history?.hide(before)
  }

  #redactHeld(isRedacted: (message: Message) => boolean): void {
    this.#gap?.buffer.redact(isRedacted)
    for (const { buffer } of this.#joining.values()) buffer.redact(isRedacted)
  }

  #tell(message: Message): void {
    this.#history?.push(message)
    for (const { buffer } of this.#joining.values()) buffer.push(message)
    this.#fanOut.push({ type: 'message', room: this.name, message })
  }

  /** Messages up to the newest position that members did not get are no longer kept. */
  #lost({ head: position, redactions }: Present): void {
    for (const { buffer } of this.#joining.values()) buffer.lose()
    const notice = { type: 'reset', room: this.name, position, redactions } as const
    this.#fanOut.announce(notice, (member) => member.fail('lost'))
  }

  #countUser({ user }: Member, change: 1 | -1): void {
    if (user !== null) countUser(this.#users, user, change)
  }

  #countUsers(): Map<string, number> {
    const users = new Map<string, number>()
    for (const { user } of this.#fanOut.members()) if (user !== null) countUser(users, user, 1)
    for (const { user } of this.#joining.keys()) if (user !== null) countUser(users, user, 1)
    return users
  }

  #resume(history: History, member: Member, { start, mayJoin }: JoinAt): void {
    const buffer = new JoinBuffer()
    const release = (at: Position): void => this.release(member, at)
    const { clock, readRate } = this.#parts
    const parts = { room: this.name, history, clock, readRate, mayJoin, buffer, release }
    const resume = new Resume(member, parts)
    this.#joining.set(member, { buffer, resume })
    // `run` never rejects: a failure ends in `member.fail`.
    void resume.run(start)
  }
}
