// Healing a gap: the engine no longer knows what came after a position, so the room reads it, tells
// it in order, and only then continues with messages that were published meanwhile.
import { NO_HOLDER } from '../engine/shares.ts'
import type { Message, Position } from '../protocol/message.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { History } from './history.ts'
import { JoinBuffer } from './join-buffer.ts'
import { hasHole } from './stretch.ts'
import type { Present } from './tail.ts'

/** How long to wait before a read that failed is tried again: the engine may be away. */
const RETRY_MS = 1_000

export interface GapParts {
  history: History
  clock: Clock
  /** Gives members a message, in its order. */
  tell: (message: Message) => void
  /** Messages up to the newest position are missing and no longer kept. */
  lost: (present: Present) => void
  /** Everything up to this position was told: what is published from now on comes after it. */
  healed: (at: Position) => void
}

export class Gap {
  /** What is published while the gap is open. */
  readonly buffer = new JoinBuffer()
  readonly #parts: GapParts
  #abandoned = false

  constructor(parts: GapParts) {
    this.#parts = parts
  }

  /** The room has closed. */
  abandon(): void {
    this.#abandoned = true
  }

  /**
   * Tells all that came after a position. Resolves when the gap is healed or was abandoned. Never
   * rejects.
   */
  async heal(after: Position): Promise<void> {
    let at: Position | null = after
    while (at !== null && !this.#abandoned) at = await this.#readOn(at)
  }

  /** Tells what one read brings. Returns where to read on, or null when there is no more. */
  async #readOn(at: Position): Promise<Position | null> {
    const { history, clock, tell, lost, healed } = this.#parts
    this.buffer.clear()
    const page = await history.page(at.offset, { holder: NO_HOLDER }).catch(() => null)
    if (this.#abandoned) return null
    if (page === null) {
      await sleep(clock, RETRY_MS)
      return at
    }
    const isLost = isOther(page.head, at) || hasHole(page, at.offset)
    if (isLost) lost(page)
    else for (const message of page.messages) tell(message)
    const last = isLost ? page.head.offset : (page.messages.at(-1)?.offset ?? at.offset)
    const upTo = { epoch: page.head.epoch, offset: last }
    const isAll = last >= page.head.offset && this.buffer.follows(upTo)
    if (!isAll) return upTo
    const rest = this.buffer.after(upTo)
    for (const message of rest) tell(message)
    // In the same step: a message that is published before `heal` resolves must not be kept here.
    const newest = rest.findLast(({ offset }) => offset > 0)
    healed({ ...upTo, offset: newest?.offset ?? last })
    return null
  }
}

/**
 * Whether the messages up to `at` have ended. Of a room in which nothing was said yet only the
 * epoch may be another one: so it is after each failover of Redis, and members miss nothing by it.
 */
function isOther(head: Position, at: Position): boolean {
  return head.epoch !== at.epoch && Math.max(head.offset, at.offset) > 0
}
