// Messages that are published while a member is being brought up to date: kept in order, and
// delivered when the member has the earlier ones. Bounded: after an overflow history is read again.
import { type Message, type Position, tombstoneOf } from '../protocol/message.ts'

const MESSAGES_MAX = 1_024
const BYTES_MAX = 262_144

export class JoinBuffer {
  #messages: Message[] = []
  #bytes = 0
  #overflowed = false
  #hasLoss = false
  #firstOffset: number | null = null
  #redacted: number[] = []

  /** Whether a message that was published since the member joined is no longer kept anywhere. */
  get hasLoss(): boolean {
    return this.#hasLoss
  }

  push(message: Message): void {
    if (message.offset > 0) this.#firstOffset ??= message.offset
    this.#bytes += message.payload.length
    this.#overflowed ||= this.#messages.length >= MESSAGES_MAX || this.#bytes > BYTES_MAX
    if (!this.#overflowed) this.#messages.push(message)
    else if (this.#messages.length > 0) this.#messages = []
  }

  /** Marks the buffer as incomplete: it lacks messages that were published. */
  overflow(): void {
    this.#overflowed = true
  }

  /** A message was published that cannot be read any more. */
  lose(): void {
    this.#hasLoss = true
    // The member will load the room again; in a new epoch these offsets are of other messages.
    this.#redacted = []
  }

  /** The offset of the first message since the last `clear`, also if it was dropped; or null. */
  get firstOffset(): number | null {
    return this.#firstOffset
  }

  /** Messages after a position. A message without an offset keeps its place among the others. */
  after(at: Position): Message[] {
    return this.#messages.filter(
      ({ epoch, offset }) => offset === 0 || epoch !== at.epoch || offset > at.offset,
    )
  }

  /**
   * Whether what is here after a position goes on from it, without a hole and in its epoch. Where
   * messages were dropped since the last `clear` it does not: history has to be read again.
   */
  follows(at: Position): boolean {
    if (this.#overflowed) return false
    let expected = at.offset + 1
    return this.after(at).every(({ epoch, offset }) => {
      if (offset === 0) return true
      expected += 1
      return epoch === at.epoch && offset === expected - 1
    })
  }

  /** Messages that are held become tombstones where this says so. */
  redact(isRedacted: (message: Message) => boolean): void {
    for (const [index, message] of this.#messages.entries()) {
      if (isRedacted(message)) this.#messages[index] = tombstoneOf(message)
    }
  }

  /**
   * Remembers that the message at this offset was redacted: the member may have it already. Past
   * the bound it is forgotten, and the member learns of it when it returns.
   */
  noteRedacted(offset: number): void {
    if (this.#redacted.length < MESSAGES_MAX) this.#redacted.push(offset)
  }

  /** What was noted so far. */
  get redacted(): readonly number[] {
    return this.#redacted
  }

  /** Called before a read, which brings every message that was published before it. */
  clear(): void {
    this.#messages = []
    this.#bytes = 0
    this.#overflowed = false
    this.#firstOffset = null
  }
}
