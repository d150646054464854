// The readers for which something waits: one is cut when its oldest byte is too old, and those with
// most waiting are cut when all together are over their bound.
import type { Limits } from '../protocol/limits.ts'
import type { Outbox } from './outbox.ts'

export type OutboxLimits = Pick<Limits, 'outboxSeconds' | 'outboxTotalBytes'>

/** The limits for which a reader is cut. */
export type SlowLimit = 'outboxBytes' | keyof OutboxLimits

/** A reader that may have to be cut. */
export interface Reader {
  readonly outbox: Outbox
  cutAsSlow(limit: SlowLimit): void
}

/** All is counted again whenever this part of the bound was put to wait. */
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
