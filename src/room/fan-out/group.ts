// Members of one wire format, which get the same bytes. Frames are written in passes: one buffer to
// each member, in as many slices as the turns of the event loop allow.
import { isUnechoed, type Notice, originOf, type RoomEvent } from '../../protocol/event.ts'
import type { WireFormat } from '../../wire/wire-format.ts'
import type { Member } from '../member.ts'
import { Batch } from './batch.ts'
import type { FanOutTotals } from './flush-scheduler.ts'

/** The most bytes that frames are joined to; more frames are written in several buffers. */
export const JOIN_BYTES_MAX = 262_144

/** One batch on its way to the members that had joined when the pass began. */
interface Pass {
  readonly batch: Batch
  /** Continues where it stopped, and skips members that have left. */
  readonly members: Iterator<[Member, number]>
  /** The number of the newest member that the pass is for; later members joined after it began. */
  readonly last: number
  /** The number of the last member that got the batch. */
  reached: number
}

export class Group {
  /** Each member with its number; numbers rise in the order of joining. */
  readonly #members = new Map<Member, number>()
  readonly #format: WireFormat
  readonly #totals: FanOutTotals
  #numbered = 0
  #pending = new Batch()
  #pass: Pass | null = null

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

  /** Delivers to the member what was published before it left. */
  remove(member: Member): void {
    const number = this.#members.get(member)
    if (number === undefined) return
    this.#members.delete(member)
    const pass = this.#pass
    if (pass && number > pass.reached && number <= pass.last) pass.batch.deliverTo(member)
    this.#pending.deliverTo(member)
    this.#pending.forget(member)
  }

  /** Encodes and frames once for all members; nothing if the format cannot express the event. */
  push(event: RoomEvent): void {
    const frame = this.#format.encode(event)
    if (frame !== null) this.#append(frame, originOf(event), isUnechoed(event))
  }

  /** False when the format cannot express the notice. */
  announce(notice: Notice): boolean {
    const frame = this.#format.announce(notice)
    if (frame !== null) this.#append(frame, null, false)
    return frame !== null
  }

  /**
   * If a batch is full while an older one is still being written, the older one is finished now:
   * this is the back-pressure on a publisher that outruns a large room.
   */
  #append(frame: Buffer, origin: string | null, unechoed: boolean): void {
    if (this.#pending.length > 0 && this.#pending.bytes + frame.length > JOIN_BYTES_MAX) {
      if (this.#pass) this.#write(this.#pass, this.#members.size)
      this.#begin()
    }
    this.#pending.push(frame, origin, unechoed)
  }

  /** Makes at most `most` writes to members; returns how many it made. */
  write(most: number): number {
    let left = most
    while (left > 0 && (this.#pass || this.#pending.length > 0)) {
      left -= this.#write(this.#pass ?? this.#begin(), left)
    }
    return most - left
  }

  #begin(): Pass {
    const batch = this.#pending
    const pass = { batch, members: this.#members.entries(), last: this.#numbered, reached: 0 }
    this.#pass = pass
    this.#pending = new Batch()
    return pass
  }

  #write(pass: Pass, most: number): number {
    let written = 0
    let deliveries = 0
    while (written < most) {
      const { done, value } = pass.members.next()
      if (done || value[1] > pass.last) {
        if (this.#pass === pass) this.#pass = null
        break
      }
      pass.reached = value[1]
      deliveries += pass.batch.deliverTo(value[0])
      written += 1
    }
    this.#totals.deliveries += deliveries
    return written
  }
}
