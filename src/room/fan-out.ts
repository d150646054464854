// One encode and one frame per wire format, one write per member and turn.
import type { MessageEvent } from '../protocol/event.ts'
import type { Clock } from '../time/clock.ts'
import type { WireFormat } from '../wire/wire-format.ts'
import type { Member } from './member.ts'

/** What is joined into one buffer at most; more is written in several. */
export const JOIN_BYTES_MAX = 262_144

/** Members that read the same bytes, and what this turn has for them. */
interface Group {
  readonly format: WireFormat
  readonly members: Set<Member>
  /** How many of them want no echo: most rooms have none, and skip that work. */
  quiet: number
  frames: Buffer[]
  /** Who sent each frame, by the same index. */
  origins: (string | null)[]
  bytes: number
}

/** Lets every fan-out that has something pending write once, when the turn ends. */
export class Turn {
  readonly #clock: Clock
  #pending: FanOut[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(fanOut: FanOut): void {
    if (this.#pending.push(fanOut) === 1) this.#clock.endOfTurn(() => this.#end())
  }

  #end(): void {
    const pending = this.#pending
    this.#pending = []
    for (const fanOut of pending) fanOut.flush()
  }
}

/** The members of one room in groups by wire format. */
export class FanOut {
  readonly #turn: Turn
  readonly #groups = new Map<WireFormat, Group>()
  #waiting = false
  #size = 0

  constructor(turn: Turn) {
    this.#turn = turn
  }

  get size(): number {
    return this.#size
  }

  *members(): Iterable<Member> {
    for (const group of this.#groups.values()) yield* group.members
  }

  /** Flushes first: a member must not get what was said before it came. */
  add(member: Member): void {
    this.flush()
    const group = this.#groupOf(member.format)
    if (group.members.has(member)) return
    group.members.add(member)
    this.#size += 1
    if (!member.echo) group.quiet += 1
  }

  /** Flushes first: a member gets what was said before it left. */
  remove(member: Member): void {
    this.flush()
    const group = this.#groups.get(member.format)
    if (!group?.members.delete(member)) return
    this.#size -= 1
    if (!member.echo) group.quiet -= 1
    if (group.members.size === 0) this.#groups.delete(member.format)
  }

  /** Frames an event for every group; it is written at the end of the turn. */
  push(event: MessageEvent): void {
    for (const group of this.#groups.values()) {
      const frame = group.format.encode(event)
      if (group.bytes + frame.length > JOIN_BYTES_MAX) flushGroup(group)
      group.frames.push(frame)
      group.origins.push(event.message.origin)
      group.bytes += frame.length
    }
    if (this.#waiting || this.#groups.size === 0) return
    this.#waiting = true
    this.#turn.add(this)
  }

  /** Writes what is pending now. */
  flush(): void {
    this.#waiting = false
    for (const group of this.#groups.values()) flushGroup(group)
  }

  #groupOf(format: WireFormat): Group {
    let group = this.#groups.get(format)
    if (!group) {
      group = { format, members: new Set(), quiet: 0, frames: [], origins: [], bytes: 0 }
      this.#groups.set(format, group)
    }
    return group
  }
}

function flushGroup(group: Group): void {
  const { frames, origins } = group
  if (frames.length === 0) return
  group.frames = []
  group.origins = []
  group.bytes = 0
  const joined = join(frames)
  const senders = group.quiet > 0 ? new Set(origins) : null
  for (const member of group.members) {
    if (senders !== null && !member.echo && senders.has(member.id)) {
      deliverOthers(member, frames, origins)
    } else {
      member.deliver(joined)
    }
  }
}

/** A member without echo gets what stands around its own frames. */
function deliverOthers(member: Member, frames: Buffer[], origins: (string | null)[]): void {
  const others = frames.filter((_, index) => origins[index] !== member.id)
  if (others.length > 0) member.deliver(join(others))
}

function join(frames: Buffer[]): Buffer {
  const [only] = frames
  return frames.length === 1 && only ? only : Buffer.concat(frames)
}
