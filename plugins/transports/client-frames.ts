// RFC 6455 frames as clients send them, as far as most are alike: one whole message, masked, of at
// most 64 KB. Nothing is allocated to look at one.

/** Section 5.2: the first byte of a message in one frame, and parts of the second. */
const TEXT = 0x81
const BINARY = 0x82
const MASKED = 0x80
const LENGTH_16 = 126

const MASK_BYTES = 4
const SHORT_HEAD = 2 + MASK_BYTES
const LONG_HEAD = 4 + MASK_BYTES

/** Bytes that stand before the payload of a message that begins at `at`; 0 when it is none. */
export function headBytes(chunk: Buffer, at: number): number {
  const first = chunk[at]
  const second = chunk[at + 1] ?? 0
  if ((first !== TEXT && first !== BINARY) || second < MASKED) return 0
  if (second < MASKED + LENGTH_16) return SHORT_HEAD
  return second === MASKED + LENGTH_16 && at + LONG_HEAD <= chunk.length ? LONG_HEAD : 0
}

/** Bytes of its payload; MUST be called with what `headBytes` said. */
export function payloadBytes(chunk: Buffer, at: number, head: number): number {
  return head === LONG_HEAD ? chunk.readUInt16BE(at + 2) : (chunk[at + 1] as number) - MASKED
}

export function isText(chunk: Buffer, at: number): boolean {
  return chunk[at] === TEXT
}

/** Takes the mask off the payload between `start` and `end`, in place; again, and it is back. */
export function unmask(chunk: Buffer, start: number, end: number): void {
  const mask = start - MASK_BYTES
  for (let index = start; index < end; index++) {
    chunk[index] = (chunk[index] as number) ^ (chunk[mask + ((index - start) & 3)] as number)
  }
}
