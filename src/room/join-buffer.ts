// What is published while a member is being brought up to date: kept in order, and given to it
// when it has read what came before. Bounded: what overflows is read from history again.
import type { Message } from '../protocol/message.ts'

const MESSAGES_MAX = 1_024
const BYTES_MAX = 262_144

export class JoinBuffer {
  #messages: Message[] = []
  #bytes = 0
  #overflowed = false
  #hasLoss = false

  /** Whether something that was published since the member joined is no longer kept anywhere. */
  get hasLoss(): boolean {
    return this.#hasLoss
  }

  /** True when messages were dropped since the last `clear`: read again what came after it. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  push(message: Message): void {
    this.#bytes += message.payload.length
    this.#overflowed ||= this.#messages.length >= MESSAGES_MAX || this.#bytes > BYTES_MAX
    if (!this.#overflowed) this.#messages.push(message)
  }

  /** What was kept is not all that was published. */
  overflow(): void {
    this.#overflowed = true
  }

  /** Something was published that cannot be read any more. */
  lose(): void {
    this.#hasLoss = true
  }

  /** The offset of the first kept message, or null. */
  get firstOffset(): number | null {
    return this.#messages.find(({ offset }) => offset > 0)?.offset ?? null
  }

  /** What came after an offset. A message without an offset keeps its place among the others. */
  after(at: number): Message[] {
    return this.#messages.filter(({ offset }) => offset === 0 || offset > at)
  }

  /** Called before a read: that read has all that came before it. */
  clear(): void {
    this.#messages = []
    this.#bytes = 0
    this.#overflowed = false
  }
}
