// The members of one room in groups by wire format: one encode and frame per group, one write per
// member and turn.
import type { Notice, RoomEvent } from '../../protocol/event.ts'
import type { WireFormat } from '../../wire/wire-format.ts'
import type { Member } from '../member.ts'
import type { FlushScheduler, Writer } from './flush-scheduler.ts'
import { Group } from './group.ts'

export class FanOut implements Writer {
  readonly #scheduler: FlushScheduler
  readonly #groups = new Map<WireFormat, Group>()
  #size = 0

  constructor(scheduler: FlushScheduler) {
    this.#scheduler = scheduler
  }

  get size(): number {
    return this.#size
  }

  *members(): Iterable<Member> {
    for (const group of this.#groups.values()) yield* group.members()
  }

  has(member: Member): boolean {
    return this.#groups.get(member.format)?.has(member) ?? false
  }

  /** The member gets what is pushed from now on. */
  add(member: Member): void {
    const group = this.#groupOf(member.format)
    if (group.has(member)) return
    group.add(member)
    this.#size += 1
  }

  /** Everything that was pushed before is delivered to the member now, and nothing after. */
  remove(member: Member): void {
    const group = this.#groups.get(member.format)
    if (!group?.has(member)) return
    this.#size -= 1
    group.remove(member)
    if (group.size === 0) this.#groups.delete(member.format)
  }

  /** Frames an event for every group; it is written at the end of the turn. */
  push(event: RoomEvent): void {
    if (this.#groups.size === 0) return
    for (const group of this.#groups.values()) group.push(event)
    this.#scheduler.add(this)
  }

  /** Frames a notice for every group; `untold` gets the members whose format cannot express it. */
  announce(notice: Notice, untold: (member: Member) => void): void {
    for (const group of [...this.#groups.values()]) {
      if (!group.announce(notice)) for (const member of [...group.members()]) untold(member)
    }
    if (this.#groups.size > 0) this.#scheduler.add(this)
  }

  write(most: number): number {
    let left = most
    for (const group of this.#groups.values()) {
      if (left > 0) left -= group.write(left)
    }
    return most - left
  }

  #groupOf(format: WireFormat): Group {
    let group = this.#groups.get(format)
    if (!group) {
      group = new Group(format, this.#scheduler.totals)
      this.#groups.set(format, group)
    }
    return group
  }
}
