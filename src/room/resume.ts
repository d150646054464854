// Joining at a position: hold back new messages, read history after the position, merge by offset,
// release. No message is missed or delivered twice, whatever is published meanwhile. A member holds
// no page while it waits: a page is read when the member can take it, and what it does not take at
// once is read again later (S44).
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { History } from './history.ts'
import type { JoinBuffer } from './join-buffer.ts'
import type { Member } from './member.ts'
import type { ReadRate } from './read-rate.ts'
import { ReplayPace } from './replay-pace.ts'
import { beginOf, hasHole } from './stretch.ts'
import type { Present } from './tail.ts'

/** Where a member starts in the history of its room. */
export type Start =
  /** With messages that are published from now on; the member is told the position. */
  | { from: 'now' }
  /** With the newest messages, at most so many. */
  | { from: 'last'; count: number }
  /** With the messages that it missed since. */
  | { from: 'position'; position: Position }

/** What a member that has to wait for its rate pays ahead of its next page, in bytes. */
const PAID_AHEAD = 16_384

export interface ResumeParts {
  room: string
  history: History
  clock: Clock
  readRate: ReadRate
  /** Asked again for every page: rights may shrink while pages are read (S20). */
  mayJoin: () => boolean | Promise<boolean>
  /** Keeps messages that are published meanwhile. */
  buffer: JoinBuffer
  /** The member has everything up to this position: it gets the rest, and then live messages. */
  release: (at: Position) => void
}

export class Resume {
  readonly #parts: ResumeParts
  readonly #member: Member
  readonly #pace: ReplayPace
  #cancelled = false
  /** Whether the member was told where it starts, or that it must load the room again. */
  #opened = false
  /** Bytes that are paid for and not delivered yet. */
  #paid = 0

  constructor(member: Member, parts: ResumeParts) {
    this.#member = member
    this.#parts = parts
    this.#pace = new ReplayPace(member, parts.clock)
  }

  cancel(): void {
    this.#cancelled = true
  }

  /** Brings the member up to date. Never rejects: a failure ends in `member.fail`. */
  async run(start: Start): Promise<void> {
    try {
      const at = await this.#begin(start)
      if (at === null || this.#cancelled) return
      // The buffer has what was published since the member joined: only a member that starts
      // earlier has more to read.
      if (start.from === 'now' && this.#parts.buffer.follows(at)) this.#parts.release(at)
      else await this.#catchUp(at, start)
    } catch {
      if (!this.#cancelled) this.#member.fail('unavailable')
    }
  }

  /** Returns the position after which the member continues, or null when it does not. */
  async #begin(start: Start): Promise<Position | null> {
    const { history, buffer } = this.#parts
    if (start.from === 'last') {
      const at = await history.beforeLast(start.count)
      // If more was published since the member joined than it asked for, it gets all of that.
      return { ...at, offset: Math.min(at.offset, (buffer.firstOffset ?? at.offset + 1) - 1) }
    }
    if (start.from === 'position') await history.reach(start.position)
    const present = await history.present()
    const { head } = present
    if (start.from === 'now' && !buffer.hasLoss) {
      const first = buffer.firstOffset ?? head.offset + 1
      return this.#tell('position', { ...present, head: { ...head, offset: first - 1 } })
    }
    const isPast = start.from === 'position' && isUpTo(start.position, head)
    // It is told with the first page, which may show that the position is of no use any more.
    return isPast ? start.position : this.#tell('reset', present)
  }

  async #catchUp(from: Position, start: Start): Promise<void> {
    const { buffer, history, release, mayJoin } = this.#parts
    let at = from
    for (let pages = 1; !this.#cancelled; pages += 1) {
      await this.#mayRead()
      if (this.#cancelled) return
      buffer.clear()
      const page = await history.after(at.offset, {
        holder: this.#member.holder,
        isWanted: () => !this.#cancelled,
        bytes: this.#pace.pieceBytes,
      })
      if (this.#cancelled) return
      // The newest messages are those that are still kept when the first page is read.
      if (pages === 1 && start.from === 'last') at = { ...at, offset: beginOf(page, at.offset) }
      if (page.head.epoch !== at.epoch || hasHole(page, at.offset)) {
        const told = this.#tell('reset', page)
        if (told === null) return
        at = told
        continue
      }
      if (start.from === 'position' && !this.#opened) this.#tell('position', { ...page, head: at })
      at = { ...at, offset: this.#deliver(page.messages, at.offset) }
      if (at.offset >= page.head.offset && buffer.follows(at)) {
        if (!this.#cancelled) release(at)
        return
      }
      if (!this.#cancelled && !(await mayJoin())) return this.#member.fail('forbidden')
    }
  }

  /** Delivers as much as the member takes at once, in any case a little. Returns how far it got. */
  #deliver(messages: readonly Message[], from: number): number {
    const { history } = this.#parts
    let at = from
    const { pieceBytes } = this.#pace
    for (const { bytes, upTo } of history.buffersFor(this.#member, messages, pieceBytes)) {
      if (this.#cancelled) return at
      this.#pace.give(bytes)
      this.#pay(bytes.length)
      at = upTo
      if (this.#pace.isBehind) return at
    }
    return messages.at(-1)?.offset ?? at
  }

  /** Returns the position that the member was told, or null if its format cannot tell a loss. */
  #tell(type: 'position' | 'reset', { head: position, redactions }: Present): Position | null {
    const { room } = this.#parts
    const notice = this.#member.format.announce({ type, room, position, redactions })
    this.#opened = true
    if (notice !== null && !this.#cancelled) this.#member.deliver(notice)
    if (notice !== null || type === 'position') return position
    if (!this.#cancelled) this.#member.fail('lost')
    return null
  }

  #pay(bytes: number): void {
    const paid = Math.min(bytes, this.#paid)
    this.#paid -= paid
    this.#parts.readRate.charge(this.#member.holder, bytes - paid)
  }

  /**
   * A member that is behind takes no further page: a slow one is waited for, and one that takes
   * nothing is cut by its outbox or its heartbeat. So is one whose user has read too much, for its
   * turn: what it pays ahead is its own, so that no other reader of the user can take it meanwhile.
   */
  async #mayRead(): Promise<void> {
    const { clock, readRate } = this.#parts
    await this.#pace.turn(() => this.#cancelled)
    if (this.#cancelled || readRate.over(this.#member.holder) === null) return
    readRate.charge(this.#member.holder, PAID_AHEAD)
    this.#paid += PAID_AHEAD
    const reached = readRate.over(this.#member.holder)
    if (reached !== null) await sleep(clock, reached.retryAfter * 1_000)
  }
}

/** Whether a position is of a room's past or its newest. */
function isUpTo({ epoch, offset }: Position, head: Position): boolean {
  return epoch === head.epoch && offset <= head.offset
}
