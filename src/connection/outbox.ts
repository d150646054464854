// What waits for one reader, bounded in bytes and in age. Over a bound the reader is cut.
import type { Limits } from '../protocol/limits.ts'
import type { Socket } from './socket.ts'

export type OutboxLimits = Pick<Limits, 'outboxBytes' | 'outboxSeconds'>

/** Everything that was ever written, and a mark in it to tell how old the oldest byte is. */
export class Outbox {
  readonly #socket: Socket
  #written = 0
  #mark = 0
  #markedAt = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes
  }

  /** False, and nothing written, when it would wait in more than `bytesMax`. */
  write(frames: Buffer, bytesMax: number): boolean {
    const waiting = this.#socket.bufferedBytes
    if (waiting > 0 && waiting + frames.length > bytesMax) return false
    this.#socket.write(frames)
    this.#written += frames.length
    return true
  }

  /** Begins to measure age: what is written up to now counts as one piece. */
  mark(elapsed: number): void {
    this.#mark = this.#written
    this.#markedAt = elapsed
  }

  /** Milliseconds that something has waited at least; 0 when the marked piece has left. */
  ageMs(elapsed: number): number {
    const left = this.#written - this.#socket.bufferedBytes
    if (left < this.#mark) return elapsed - this.#markedAt
    this.mark(elapsed)
    return 0
  }
}

/** A reader that may have to be cut. */
export interface Reader {
  readonly outbox: Outbox
  cutAsSlow(): void
}

/** The readers that have something waiting; only these are looked at. */
export class SlowReaders {
  readonly #ageMaxMs: number
  readonly #readers = new Set<Reader>()

  constructor({ outboxSeconds }: OutboxLimits) {
    this.#ageMaxMs = outboxSeconds * 1_000
  }

  get size(): number {
    return this.#readers.size
  }

  watch(reader: Reader, elapsed: number): void {
    if (this.#readers.has(reader)) return
    this.#readers.add(reader)
    reader.outbox.mark(elapsed)
  }

  forget(reader: Reader): void {
    this.#readers.delete(reader)
  }

  /** Called about once a second. */
  check(elapsed: number): void {
    for (const reader of this.#readers) {
      if (reader.outbox.bufferedBytes === 0) this.#readers.delete(reader)
      else if (reader.outbox.ageMs(elapsed) >= this.#ageMaxMs) reader.cutAsSlow()
    }
  }
}
