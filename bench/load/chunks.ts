// Walks the chunks of an HTTP answer that does not end, as `frames.ts` does with those of a
// WebSocket: each is handed on as if it were a frame of text.
import type { OnFrame } from './frames.ts'

const TEXT = 1
const LF = 0x0a
const CRLF = 2
const HEX = 16

export class ChunkWalker {
  readonly #onChunk: OnFrame
  /** The beginning of a chunk whose end has not come yet. */
  #carried: Buffer | null = null

  constructor(onChunk: OnFrame) {
    this.#onChunk = onChunk
  }

  walk(piece: Buffer, length: number): void {
    let bytes = piece
    let end = length
    if (this.#carried !== null) {
      bytes = Buffer.concat([this.#carried, piece.subarray(0, length)])
      end = bytes.length
    }
    const at = this.#whole(bytes, end)
    this.#carried = at < end ? Buffer.from(bytes.subarray(at, end)) : null
  }

  /** Hands over all whole chunks; returns where the first one that is not whole begins. */
  #whole(bytes: Buffer, end: number): number {
    let at = 0
    for (;;) {
      let body = at
      while (body < end && bytes[body] !== LF) body += 1
      if (body >= end) return at
      const length = hexIn(bytes, at, body - 1)
      body += 1
      if (end - body < length + CRLF) return at
      this.#onChunk(TEXT, bytes, body, length)
      at = body + length + CRLF
    }
  }
}

/** The number of hexadecimal digits, of either case. */
function hexIn(bytes: Buffer, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    value = value * HEX + (byte <= 57 ? byte - 48 : (byte | 32) - 87)
  }
  return value
}
