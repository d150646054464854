// What waits for one reader, bounded in bytes and in age, and for all of them together. Over a
// bound the reader is cut.
import type { Limits } from '../protocol/limits.ts'
import type { Socket } from './socket.ts'

export type OutboxLimits = Pick<Limits, 'outboxSeconds' | 'outboxTotalBytes'>

/** Why a reader may have to go. */
export type SlowLimit = 'outboxBytes' | keyof OutboxLimits

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

  /** False, and nothing written, when more than `bytesMax` would wait. */
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
  cutAsSlow(limit: SlowLimit): void
}

/** All is counted anew whenever this part of the bound was put to wait. */
const UNCOUNTED_PART = 8

/** The readers that have something waiting; only these are looked at. */
export class SlowReaders {
  readonly #ageMaxMs: number
  readonly #totalMax: number
  readonly #readers = new Set<Reader>()
  /** What was put to wait since all was counted: it bounds how far the total may be off. */
  #uncounted = 0

  constructor({ outboxSeconds, outboxTotalBytes }: OutboxLimits) {
    this.#ageMaxMs = outboxSeconds * 1_000
    this.#totalMax = outboxTotalBytes ?? Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.#readers.size
  }

  /** Bytes that wait for all readers: a buffer that many share counts for each of them. */
  get totalBytes(): number {
    let total = 0
    for (const { outbox } of this.#readers) total += outbox.bufferedBytes
    return total
  }

  /** So many more bytes wait for this reader. */
  watch(reader: Reader, bytes: number, elapsed: number): void {
    if (!this.#readers.has(reader)) {
      this.#readers.add(reader)
      reader.outbox.mark(elapsed)
    }
    this.#uncounted += bytes
    if (this.#uncounted > this.#totalMax / UNCOUNTED_PART) this.#bound()
  }

  forget(reader: Reader): void {
    this.#readers.delete(reader)
  }

  /** Called about once a second. */
  check(elapsed: number): void {
    for (const reader of this.#readers) {
      if (reader.outbox.bufferedBytes === 0) this.#readers.delete(reader)
      else if (reader.outbox.ageMs(elapsed) >= this.#ageMaxMs) reader.cutAsSlow('outboxSeconds')
    }
    this.#bound()
  }

  /** Cuts those for whom most waits, until what waits for all is within the bound again. */
  #bound(): void {
    this.#uncounted = 0
    let total = this.totalBytes
    if (total <= this.#totalMax) return
    const waiting = [...this.#readers].map((reader) => ({
      reader,
      bytes: reader.outbox.bufferedBytes,
    }))
    waiting.sort((one, other) => other.bytes - one.bytes)
    for (const { reader, bytes } of waiting) {
      if (total <= this.#totalMax) return
      total -= bytes
      this.#readers.delete(reader)
      reader.cutAsSlow('outboxTotalBytes')
    }
  }
}
