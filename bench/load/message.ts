// The payload that all servers carry: its publisher, and when it was due. `@` publisher:4 due:16
// and then `x` up to its size; the digits are decimal.

import type { Wrapping } from './speech.ts'

const MARK = 64
const DIGIT = 48
const PUBLISHER_AT = 1
const DUE_AT = 5
const DUE_DIGITS = 16
/** Bytes that a reader must see to know a message. */
export const STAMP_BYTES = DUE_AT + DUE_DIGITS

/** A mark alone may be anything: in Protobuf it is also the length of 64 bytes. */
export function isStamp(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === MARK && ((bytes[at + 1] ?? 0) & 0xf0) === DIGIT
}

/** Where a message has its stamp; below 0 where it has none. */
export function stampIn(payload: Buffer): number {
  let at = payload.indexOf(MARK)
  while (at >= 0 && !isStamp(payload, at)) at = payload.indexOf(MARK, at + 1)
  return payload.length >= at + STAMP_BYTES ? at : -1
}

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
  readonly #stampsAt: readonly number[]

  /** Each frame has a message in each of these wrappings. */
  constructor(publisher: number, size: number, wrappings: readonly Wrapping[], opcode: number) {
    const id = String(publisher).padStart(DUE_AT - PUBLISHER_AT, '0')
    const stamp = `@${id}${'0'.repeat(DUE_DIGITS)}`.padEnd(size, 'x')
    const stampsAt: number[] = []
    let payload = ''
    for (const { before, after } of wrappings) {
      stampsAt.push(payload.length + before.length + DUE_AT)
      payload += before + stamp + after
    }
    this.#frame = clientFrame(Buffer.from(payload, 'latin1'), opcode)
    const header = this.#frame.length - payload.length
    this.#stampsAt = stampsAt.map((at) => header + at)
  }

  /** `count` frames in one buffer, all due at the same time. */
  frames(count: number, due: number): Buffer {
    const text = String(Math.floor(due)).padStart(DUE_DIGITS, '0')
    for (const at of this.#stampsAt) this.#frame.write(text, at, 'latin1')
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
