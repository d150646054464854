// Joining at a position: hold back new messages, read history after the position, merge by offset,
// release. No message is missed or delivered twice, whatever is published meanwhile.
import type { Page } from '../engine/message-log.ts'
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import { type History, hasHole } from './history.ts'
import type { JoinBuffer } from './join-buffer.ts'
import type { Member } from './member.ts'

/** Where a member starts in the history of its room. */
export type Start =
  /** With messages that are published from now on; the member is told the position. */
  | { from: 'now' }
  /** With the newest messages, at most so many. */
  | { from: 'last'; count: number }
  /** With the messages that it missed since. */
  | { from: 'position'; position: Position }

/** A member with more buffered bytes than this gets no further messages yet. */
const BUFFERED_BYTES_MAX = 131_072
const RECHECK_MS = 20

export interface ResumeParts {
  room: string
  history: History
  clock: Clock
  /** Asked again for every page: rights may shrink while pages are read (S20). */
  mayJoin: () => boolean | Promise<boolean>
  /** Keeps messages that are published meanwhile. */
  buffer: JoinBuffer
  /** The member has everything up to this offset: it gets the rest, and then live messages. */
  release: (after: number) => void
}

export class Resume {
  readonly #parts: ResumeParts
  readonly #member: Member
  #cancelled = false

  constructor(member: Member, parts: ResumeParts) {
    this.#member = member
    this.#parts = parts
  }

  cancel(): void {
    this.#cancelled = true
  }

  /** Brings the member up to date. Never rejects: a failure ends in `member.fail`. */
  async run(start: Start): Promise<void> {
    try {
      const at = await this.#begin(start)
      if (at === null || this.#cancelled) return
      // The buffer has what was published since the member joined: only a member with a position
      // has more to read.
      if (start.from === 'position' || this.#parts.buffer.overflowed) await this.#catchUp(at)
      else this.#parts.release(at.offset)
    } catch {
      if (!this.#cancelled) this.#member.fail('unavailable')
    }
  }

  /** Returns the position after which the member continues, or null when it does not. */
  async #begin(start: Start): Promise<Position | null> {
    const { history, buffer } = this.#parts
    if (start.from === 'last') return this.#replay(await history.last(start.count))
    const head = await history.head()
    if (start.from === 'now' && buffer.hasLoss) return this.#tell('reset', head)
    if (start.from === 'now') {
      const first = buffer.firstOffset ?? head.offset + 1
      return this.#tell('position', { ...head, offset: first - 1 })
    }
    const { position } = start
    if (position.epoch !== head.epoch || position.offset > head.offset) {
      return this.#tell('reset', head)
    }
    return this.#tell('position', position)
  }

  /** If more was published since the member joined than it asked for, it gets all of that. */
  async #replay({ head, messages }: Page): Promise<Position> {
    const first = messages[0]?.offset ?? head.offset + 1
    const since = this.#parts.buffer.firstOffset ?? first
    if (since < first) return { ...head, offset: since - 1 }
    await this.#deliver(messages)
    return head
  }

  async #catchUp(from: Position): Promise<void> {
    let at = from
    while (!this.#cancelled) {
      this.#parts.buffer.clear()
      const page = await this.#parts.history.after(at.offset)
      if (this.#cancelled) return
      if (page.head.epoch !== at.epoch || hasHole(page, at.offset)) {
        const told = this.#tell('reset', page.head)
        if (told === null) return
        at = told
        continue
      }
      await this.#deliver(page.messages)
      at = { ...at, offset: page.messages.at(-1)?.offset ?? at.offset }
      const isLast = at.offset >= page.head.offset && !this.#parts.buffer.overflowed
      if (isLast) {
        if (!this.#cancelled) this.#parts.release(at.offset)
        return
      }
      if (!this.#cancelled && !(await this.#parts.mayJoin())) return this.#member.fail('forbidden')
    }
  }

  async #deliver(messages: readonly Message[]): Promise<void> {
    for (const buffer of this.#parts.history.buffersFor(this.#member, messages)) {
      await this.#drained()
      if (this.#cancelled) return
      this.#member.deliver(buffer)
    }
  }

  /** Returns the position that the member was told, or null if its format cannot tell a loss. */
  #tell(type: 'position' | 'reset', position: Position): Position | null {
    const notice = this.#member.format.announce({ type, room: this.#parts.room, position })
    if (notice !== null && !this.#cancelled) this.#member.deliver(notice)
    if (notice !== null || type === 'position') return position
    if (!this.#cancelled) this.#member.fail('lost')
    return null
  }

  /** A slow reader is waited for; one that takes nothing is cut by its outbox. */
  async #drained(): Promise<void> {
    while (!this.#cancelled && this.#member.bufferedBytes > BUFFERED_BYTES_MAX) {
      await sleep(this.#parts.clock, RECHECK_MS)
    }
  }
}
