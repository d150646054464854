// Answers over HTTP that a client does not read: its TCP connection ends when the system has taken
// no byte for too long. Where all unread answers together are over their bound, those with most
// bytes end (S42). WebSockets and event streams have `slow-readers.ts`.
import type { OutboxLimits } from './slow-readers.ts'

/** A TCP connection on which an answer is under way. */
export interface Answering {
  /** Bytes that wait for the client. */
  readonly waitingBytes: number
  /** A number that changes when the system takes bytes, and not when more are written. */
  readonly taken: number
  /** Ends the TCP connection, for this limit. */
  cut(limit: keyof OutboxLimits): void
}

/** When the number of bytes that were taken changed last. */
interface Mark {
  taken: number
  at: number
}

export class UnreadAnswers {
  readonly #silenceMaxMs: number
  readonly #totalMax: number
  #marks = new Map<Answering, Mark>()

  constructor({ outboxSeconds, outboxTotalBytes }: OutboxLimits) {
    this.#silenceMaxMs = outboxSeconds * 1_000
    this.#totalMax = outboxTotalBytes ?? Number.POSITIVE_INFINITY
  }

  /** How many answers were unread when they were checked last. */
  get size(): number {
    return this.#marks.size
  }

  /** Called about once a second, with all TCP connections on which an answer is under way. */
  check(all: Iterable<Answering>, elapsed: number): void {
    const before = this.#marks
    this.#marks = new Map()
    let total = 0
    for (const answering of all) {
      const { waitingBytes, taken } = answering
      if (waitingBytes === 0) continue
      const mark = before.get(answering)
      const at = mark?.taken === taken ? mark.at : elapsed
      if (elapsed - at >= this.#silenceMaxMs) {
        answering.cut('outboxSeconds')
        continue
      }
      this.#marks.set(answering, { taken, at })
      total += waitingBytes
    }
    if (total > this.#totalMax) this.#bound(total)
  }

  #bound(total: number): void {
    const most = [...this.#marks.keys()].sort((one, two) => two.waitingBytes - one.waitingBytes)
    let rest = total
    for (const answering of most) {
      if (rest <= this.#totalMax) return
      rest -= answering.waitingBytes
      this.#marks.delete(answering)
      answering.cut('outboxTotalBytes')
    }
  }
}
