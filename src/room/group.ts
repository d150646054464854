// Members that read the same bytes. What is pushed is written to all of them in sweeps: one buffer
// to each member, in as many slices as the turns of the event loop allow.
import type { MessageEvent } from '../protocol/event.ts'
import type { WireFormat } from '../wire/wire-format.ts'
import { Batch } from './batch.ts'
import type { Member } from './member.ts'
import type { TurnTotals } from './turn.ts'

/** What is joined into one buffer at most; more is written in several. */
export const JOIN_BYTES_MAX = 262_144

const NOBODY: ReadonlySet<Member> = new Set()

export class Group {
  readonly members = new Set<Member>()
  readonly #format: WireFormat
  readonly #totals: TurnTotals
  #pending = new Batch()
  /** The sweep under way: what it brings, and who has not got it yet. */
  #sweep = new Batch()
  #lagging = new Set(NOBODY)

  constructor(format: WireFormat, totals: TurnTotals) {
    this.#format = format
    this.#totals = totals
  }

  get idle(): boolean {
    return this.#lagging.size === 0 && this.#pending.length === 0
  }

  add(member: Member): void {
    if (this.members.has(member)) return
    this.members.add(member)
    this.#pending.begin(member)
  }

  /** Gives the member what was said before it left. False when it was not here. */
  remove(member: Member): boolean {
    if (!this.members.delete(member)) return false
    if (this.#lagging.delete(member)) this.#sweep.deliverTo(member)
    this.#pending.deliverTo(member)
    this.#pending.forget(member)
    return true
  }

  /**
   * Encodes and frames once for all. When a buffer is full the sweep before it is ended at once,
   * so that whoever publishes faster than a huge room can be written to waits for it.
   */
  push(event: MessageEvent): void {
    const frame = this.#format.encode(event)
    if (this.#pending.length > 0 && this.#pending.bytes + frame.length > JOIN_BYTES_MAX) {
      this.#write(this.#lagging.size)
      this.#begin()
    }
    this.#pending.push(frame, event.message.origin)
  }

  /** Writes to members, at most so often in all; returns how often. */
  write(most: number): number {
    let left = most
    while (left > 0 && !this.idle) {
      if (this.#lagging.size === 0) this.#begin()
      left -= this.#write(left)
    }
    return most - left
  }

  #begin(): void {
    this.#sweep = this.#pending
    this.#pending = new Batch()
    this.#lagging = new Set(this.members)
  }

  /** A member that leaves meanwhile takes itself out of those that lag. */
  #write(most: number): number {
    const sweep = this.#sweep
    let written = 0
    let deliveries = 0
    for (const member of this.#lagging) {
      if (written === most) break
      this.#lagging.delete(member)
      deliveries += sweep.deliverTo(member)
      written += 1
    }
    this.#totals.deliveries += deliveries
    return written
  }
}
