// Joining at a position: register live and hold back, read history after the position, merge by
// offset, release. Nothing is missed and nothing comes twice, whatever is said meanwhile.
import type { Page } from '../engine/message-log.ts'
import type { Notice } from '../protocol/event.ts'
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import { JOIN_BYTES_MAX } from './fan-out/group.ts'
import type { History } from './history.ts'
import type { Member } from './member.ts'

/** Where a member begins to listen. */
export type Start =
  /** With what is said from now on; it is told where that is. */
  | { from: 'now' }
  /** With the newest messages, at most so many. */
  | { from: 'last'; count: number }
  /** With what it has missed since. */
  | { from: 'position'; position: Position }

/** What may be held back during one read; beyond it the read is made again. */
const HELD_MAX = 1_024
const HELD_BYTES_MAX = 262_144
/** A reader for whom more than this waits gets no further page yet. */
const CALM_BYTES = 131_072
const CALM_MS = 20

export interface ResumeParts {
  room: string
  history: History
  clock: Clock
  /** Asked anew for every page: rights may shrink while it is read (S20). */
  mayJoin: () => boolean | Promise<boolean>
  /** The member has everything: from here on it hears what is said. */
  onLive: () => void
}

export class Resume {
  readonly #parts: ResumeParts
  readonly #member: Member
  #held: Message[] = []
  #heldBytes = 0
  #overflowed = false
  #cancelled = false

  constructor(member: Member, parts: ResumeParts) {
    this.#member = member
    this.#parts = parts
  }

  /** Something was said meanwhile. */
  hold(message: Message): void {
    this.#heldBytes += message.payload.length
    this.#overflowed ||= this.#held.length >= HELD_MAX || this.#heldBytes > HELD_BYTES_MAX
    if (!this.#overflowed) this.#held.push(message)
  }

  cancel(): void {
    this.#cancelled = true
    this.#held = []
  }

  /** Brings the member up to now. Never rejects: what fails is the member's to hear of. */
  async run(start: Start): Promise<void> {
    try {
      const at = await this.#begin(start)
      if (at === null || this.#cancelled) return
      // What was said since it came is held, so only who comes back with a position has to read on.
      if (start.from === 'position' || this.#overflowed) await this.#catchUp(at)
      else this.#release(at)
    } catch {
      if (!this.#cancelled) this.#member.fail('unavailable')
    }
  }

  /** Returns the offset after which it goes on, or null when it does not. */
  async #begin(start: Start): Promise<number | null> {
    const { history } = this.#parts
    if (start.from === 'last') return this.#replay(await history.last(start.count))
    const head = await history.head()
    if (start.from === 'now') {
      return this.#tell('position', { ...head, offset: this.#saidFrom(head.offset + 1) - 1 })
    }
    const { position } = start
    if (position.epoch !== head.epoch || position.offset > head.offset) {
      return this.#tell('reset', head)
    }
    return this.#tell('position', position)
  }

  /** If more was said since it came than it asked for, it gets all of that. */
  async #replay({ head, messages }: Page): Promise<number> {
    const first = messages[0]?.offset ?? head.offset + 1
    const since = this.#saidFrom(first)
    if (since < first) return since - 1
    await this.#deliver(messages)
    return head.offset
  }

  /** The first that was said since it came: it may stand before the head that was read. */
  #saidFrom(otherwise: number): number {
    return this.#held.find(({ offset }) => offset > 0)?.offset ?? otherwise
  }

  async #catchUp(from: number): Promise<void> {
    let at = from
    while (!this.#cancelled) {
      this.#startHolding()
      const page = await this.#parts.history.after(at)
      if (this.#cancelled) return
      if (hasHole(page, at)) {
        const told = this.#tell('reset', page.head)
        if (told === null) return
        at = told
        continue
      }
      await this.#deliver(page.messages)
      at = page.messages.at(-1)?.offset ?? at
      if (at >= page.head.offset && !this.#overflowed) return this.#release(at)
      if (!this.#cancelled && !(await this.#parts.mayJoin())) return this.#member.fail('forbidden')
    }
  }

  /** Only what is said from now on matters: what came before is in the read that follows. */
  #startHolding(): void {
    this.#held = []
    this.#heldBytes = 0
    this.#overflowed = false
  }

  #release(at: number): void {
    // What is not kept has no offset, and comes where it was said among the others.
    const rest = this.#held.filter(({ offset }) => offset === 0 || offset > at)
    this.#held = []
    for (const buffer of this.#buffers(rest)) if (!this.#cancelled) this.#member.deliver(buffer)
    if (!this.#cancelled) this.#parts.onLive()
  }

  async #deliver(messages: readonly Message[]): Promise<void> {
    for (const buffer of this.#buffers(messages)) {
      await this.#calm()
      if (this.#cancelled) return
      this.#member.deliver(buffer)
    }
  }

  /** What is for the member of these, joined. */
  *#buffers(messages: readonly Message[]): Iterable<Buffer> {
    let frames: Buffer[] = []
    let bytes = 0
    for (const message of messages) {
      if (!this.#member.echo && message.origin === this.#member.id) continue
      const frame = this.#parts.history.frameOf(this.#member.format, message)
      if (frames.length > 0 && bytes + frame.length > JOIN_BYTES_MAX) {
        yield Buffer.concat(frames)
        frames = []
        bytes = 0
      }
      frames.push(frame)
      bytes += frame.length
    }
    if (frames.length > 0) yield Buffer.concat(frames)
  }

  /** Returns the offset that it told of, or null when the member has no ear for a loss. */
  #tell(type: Notice['type'], position: Position): number | null {
    const notice = this.#member.format.announce({ type, room: this.#parts.room, position })
    if (notice !== null && !this.#cancelled) this.#member.deliver(notice)
    if (notice !== null || type === 'position') return position.offset
    if (!this.#cancelled) this.#member.fail('lost')
    return null
  }

  /** A slow reader is given time; one that takes nothing is cut by its outbox. */
  async #calm(): Promise<void> {
    while (!this.#cancelled && this.#member.bufferedBytes > CALM_BYTES) {
      await sleep(this.#parts.clock, CALM_MS)
    }
  }
}

/** Whether something after `at` was said and is no longer kept. */
function hasHole({ head, messages }: Page, at: number): boolean {
  if (messages.length === 0) return at < head.offset
  return messages.some(({ offset }, index) => offset !== at + 1 + index)
}
