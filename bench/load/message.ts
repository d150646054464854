// The payload that all servers carry: its publisher, and when it was due. `@` publisher:4 due:16
// and then `x` up to its size; the digits are decimal.

/** The text around the payload: none, or what a protocol needs there. */
export interface Wrapping {
  before: string
  after: string
}

export const PLAIN: Wrapping = { before: '', after: '' }

export const MARK = 64
const PUBLISHER_AT = 1
const DUE_AT = 5
const DUE_DIGITS = 16
/** Bytes that a reader must see to know a message. */
export const STAMP_BYTES = DUE_AT + DUE_DIGITS

function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at += 1) value = value * 10 + (bytes[at] ?? 0) - 48
  return value
}

export function publisherAt(bytes: Uint8Array, at: number): number {
  return digits(bytes, at + PUBLISHER_AT, DUE_AT - PUBLISHER_AT)
}

export function dueAt(bytes: Uint8Array, at: number): number {
  return digits(bytes, at + DUE_AT, DUE_DIGITS)
}

/** Writes client frames of one publisher; masked with a zero key, which is legal and free. */
export class Stamper {
  readonly #frame: Buffer
  readonly #stampAt: number

  constructor(publisher: number, size: number, wrapping: Wrapping) {
    const id = String(publisher).padStart(DUE_AT - PUBLISHER_AT, '0')
    const stamp = `@${id}${'0'.repeat(DUE_DIGITS)}`
    const payload = Buffer.from(wrapping.before + stamp.padEnd(size, 'x') + wrapping.after)
    this.#frame = clientFrame(payload)
    this.#stampAt = this.#frame.length - payload.length + wrapping.before.length + DUE_AT
  }

  /** `count` frames in one buffer, all due at the same time. */
  frames(count: number, due: number): Buffer {
    this.#frame.write(String(Math.floor(due)).padStart(DUE_DIGITS, '0'), this.#stampAt, 'latin1')
    const length = this.#frame.length
    const joined = Buffer.allocUnsafe(length * count)
    for (let at = 0; at < joined.length; at += length) this.#frame.copy(joined, at)
    return joined
  }
}

const MASK_BYTES = 4

/** RFC 6455 section 5.2, text unless another opcode is named; up to 64 KB. */
export function clientFrame(payload: Buffer, opcode = 1): Buffer {
  const long = payload.length > 125
  const frame = Buffer.alloc((long ? 4 : 2) + MASK_BYTES + payload.length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (long ? 126 : payload.length)
  if (long) frame.writeUInt16BE(payload.length, 2)
  payload.copy(frame, frame.length - payload.length)
  return frame
}
