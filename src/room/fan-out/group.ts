// Members that read the same bytes. What is pushed is written to all of them in sweeps: one buffer
// to each member, in as many slices as the turns of the event loop allow.
import type { MessageEvent } from '../../protocol/event.ts'
import type { WireFormat } from '../../wire/wire-format.ts'
import type { Member } from '../member.ts'
import { Batch } from './batch.ts'
import type { FanOutTotals } from './flush-scheduler.ts'

/** What is joined into one buffer at most; more is written in several. */
export const JOIN_BYTES_MAX = 262_144

/** One batch on its way to the members who were there when it began. */
interface Sweep {
  readonly batch: Batch
  /** Goes on where it stopped, and passes over those who left. */
  readonly members: Iterator<[Member, number]>
  /** The number of the newest member it is for; those after it came later. */
  readonly last: number
  /** The number of the member that got it last. */
  reached: number
}

export class Group {
  /** Each with a number that rises, in the order in which they came. */
  readonly #members = new Map<Member, number>()
  readonly #format: WireFormat
  readonly #totals: FanOutTotals
  #numbered = 0
  #pending = new Batch()
  #sweep: Sweep | null = null

  constructor(format: WireFormat, totals: FanOutTotals) {
    this.#format = format
    this.#totals = totals
  }

  get size(): number {
    return this.#members.size
  }

  has(member: Member): boolean {
    return this.#members.has(member)
  }

  members(): Iterable<Member> {
    return this.#members.keys()
  }

  add(member: Member): void {
    if (this.#members.has(member)) return
    this.#numbered += 1
    this.#members.set(member, this.#numbered)
    this.#pending.begin(member)
  }

  /** Gives the member what was said before it left. */
  remove(member: Member): void {
    const number = this.#members.get(member)
    if (number === undefined) return
    this.#members.delete(member)
    const sweep = this.#sweep
    if (sweep && number > sweep.reached && number <= sweep.last) sweep.batch.deliverTo(member)
    this.#pending.deliverTo(member)
    this.#pending.forget(member)
  }

  /**
   * Encodes and frames once for all. When a buffer is full the sweep before it is ended at once,
   * so that whoever publishes faster than a huge room can be written to waits for it.
   */
  push(event: MessageEvent): void {
    const frame = this.#format.encode(event)
    if (this.#pending.length > 0 && this.#pending.bytes + frame.length > JOIN_BYTES_MAX) {
      if (this.#sweep) this.#write(this.#sweep, this.#members.size)
      this.#begin()
    }
    this.#pending.push(frame, event.message.origin)
  }

  /** Writes to members, at most so often in all; returns how often. */
  write(most: number): number {
    let left = most
    while (left > 0 && (this.#sweep || this.#pending.length > 0)) {
      left -= this.#write(this.#sweep ?? this.#begin(), left)
    }
    return most - left
  }

  #begin(): Sweep {
    const batch = this.#pending
    const sweep = { batch, members: this.#members.entries(), last: this.#numbered, reached: 0 }
    this.#sweep = sweep
    this.#pending = new Batch()
    return sweep
  }

  #write(sweep: Sweep, most: number): number {
    let written = 0
    let deliveries = 0
    while (written < most) {
      const { done, value } = sweep.members.next()
      if (done || value[1] > sweep.last) {
        if (this.#sweep === sweep) this.#sweep = null
        break
      }
      sweep.reached = value[1]
      deliveries += sweep.batch.deliverTo(value[0])
      written += 1
    }
    this.#totals.deliveries += deliveries
    return written
  }
}
