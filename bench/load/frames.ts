// Walks the frames of a server through the chunks that a socket gives, and allocates nothing
// unless a frame lies across two of them.

/** `at` is where the payload begins in `bytes`; both are only good during the call. */
export type OnFrame = (opcode: number, bytes: Buffer, at: number, length: number) => void

export class FrameWalker {
  readonly #onFrame: OnFrame
  /** The beginning of a frame whose end has not come yet. */
  #carried: Buffer | null = null

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  walk(chunk: Buffer, length: number): void {
    let bytes = chunk
    let end = length
    if (this.#carried !== null) {
      bytes = Buffer.concat([this.#carried, chunk.subarray(0, length)])
      end = bytes.length
    }
    const at = this.#whole(bytes, end)
    this.#carried = at < end ? Buffer.from(bytes.subarray(at, end)) : null
  }

  /** Hands over all whole frames; returns where the first one that is not whole begins. */
  #whole(bytes: Buffer, end: number): number {
    let at = 0
    while (end - at >= 2) {
      let length = (bytes[at + 1] ?? 0) & 127
      let header = 2
      if (length >= 126) {
        header = length === 126 ? 4 : 10
        if (end - at < header) return at
        length = header === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
      }
      if (end - at < header + length) return at
      this.#onFrame((bytes[at] ?? 0) & 15, bytes, at + header, length)
      at += header + length
    }
    return at
  }
}
