// Readers with bytes that wait: a reader is cut when its oldest byte is too old, and the readers
// with most bytes are cut when all readers together are over their bound.
import type { Limits } from '../protocol/limits.ts'
import type { Outbox } from './outbox.ts'

export type OutboxLimits = Pick<Limits, 'outboxSeconds' | 'outboxTotalBytes'>

/** The limits for which a reader is cut. */
export type SlowLimit = 'outboxBytes' | keyof OutboxLimits

/**
 * A point from which the age of a reader's bytes is measured: how many bytes it had been given, and
 * when. These are the oldest that may still wait.
 */
interface Mark {
  givenBytes: number
  at: number
}

/** A reader that may have to be cut. */
export interface Reader {
  readonly outbox: Outbox
  cutAsSlow(limit: SlowLimit): void
}

/** All readers are counted again when so large a part of the bound was added since. */
const UNCOUNTED_PART = 8

/** Readers with bytes that wait; only these are checked. */
export class SlowReaders {
  readonly #ageMaxMs: number
  readonly #totalMax: number
  readonly #readers = new Map<Reader, Mark>()
  /** Bytes that were added since all readers were counted: how far the total may be off. */
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
    for (const { outbox } of this.#readers.keys()) total += outbox.bufferedBytes
    return total
  }

  /** `bytes` more wait for this reader. */
  watch(reader: Reader, bytes: number, elapsed: number): void {
    if (!this.#readers.has(reader)) {
      const { givenBytes } = reader.outbox
      this.#readers.set(reader, { givenBytes, at: elapsed })
    }
    this.#uncounted += bytes
    if (this.#uncounted > this.#totalMax / UNCOUNTED_PART) this.#bound()
  }

  forget(reader: Reader): void {
    this.#readers.delete(reader)
  }

  /** Called about once a second. */
  check(elapsed: number): void {
    for (const [reader, mark] of this.#readers) {
      if (reader.outbox.bufferedBytes === 0) this.#readers.delete(reader)
      else if (ageMs(reader.outbox, mark, elapsed) >= this.#ageMaxMs) {
        reader.cutAsSlow('outboxSeconds')
      }
    }
    this.#bound()
  }

  /** Cuts the readers with most waiting bytes, until the total is within the bound again. */
  #bound(): void {
    this.#uncounted = 0
    let total = this.totalBytes
    if (total <= this.#totalMax) return
    const waiting = [...this.#readers.keys()].map((reader) => ({
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

/** Milliseconds that the oldest byte has waited at least; 0 when the marked bytes were taken. */
function ageMs(outbox: Outbox, mark: Mark, elapsed: number): number {
  if (outbox.takenBytes < mark.givenBytes) return elapsed - mark.at
  mark.givenBytes = outbox.givenBytes
  mark.at = elapsed
  return 0
}
