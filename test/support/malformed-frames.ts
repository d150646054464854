// Frames of a client that RFC 6455 forbids, listed once, and the code that each is closed with.
import { type ClientFrame, OPCODE } from './frames.ts'

const { continuation, text, binary, close, ping } = OPCODE

export const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]
/** Codes that no close frame may carry (section 7.4). */
export const FORBIDDEN_CODES = [
  0, 999, 1_004, 1_005, 1_006, 1_015, 1_016, 2_000, 2_999, 5_000, 65_535,
]
/** Cut, overlong, a surrogate, beyond the last, a lone continuation, never a byte; as hex. */
export const NOT_UTF8 = [
  ...['c3', 'c328', 'e282', 'f0', 'f09f91', 'c080', 'e08080', 'eda080', 'f4908080', '80', 'ff'],
]

export interface Malformed {
  name: string
  frames: readonly ClientFrame[]
  /** 1002 for what is no frame, 1007 for a text that is no UTF-8. */
  code: 1002 | 1007
}

const bytes = (...values: number[]): Buffer => Buffer.from(values)
const noFrame = (name: string, ...frames: ClientFrame[]): Malformed => {
  return { name, frames, code: 1002 }
}
const noText = (name: string, ...frames: ClientFrame[]): Malformed => {
  return { name, frames, code: 1007 }
}

export const MALFORMED: readonly Malformed[] = [
  noFrame('an unmasked text', { opcode: text, payload: 'x', masked: false }),
  noFrame('an unmasked ping', { opcode: ping, masked: false }),
  ...[1, 2, 4, 7].map((rsv) =>
    noFrame(`a text with reserved bits ${rsv}`, { opcode: text, payload: 'x', rsv }),
  ),
  noFrame('a binary with a reserved bit', { opcode: binary, payload: 'x', rsv: 1 }),
  ...RESERVED_OPCODES.map((opcode) => noFrame(`reserved opcode ${opcode}`, { opcode })),
  noFrame('a ping in fragments', { opcode: ping, fin: false }),
  noFrame('a close in fragments', { opcode: close, fin: false }),
  noFrame('a ping of 126 bytes', { opcode: ping, payload: 'x'.repeat(126) }),
  noFrame('a close of 126 bytes', { opcode: close, payload: 'x'.repeat(126) }),
  noFrame('a close of one byte', { opcode: close, payload: bytes(3) }),
  ...FORBIDDEN_CODES.map((code) => {
    const payload = bytes(code >> 8, code & 255)
    return noFrame(`a close with code ${code}`, { opcode: close, payload })
  }),
  noText('a close whose reason is not UTF-8', { opcode: close, payload: bytes(3, 232, 255) }),
  noFrame('a continuation of nothing', { opcode: continuation, payload: 'x' }),
  noFrame('a text inside a text', { opcode: text, fin: false }, { opcode: text, payload: 'b' }),
  noFrame('a binary inside a text', { opcode: text, fin: false }, { opcode: binary }),
  ...NOT_UTF8.map((hex) =>
    noText(`a text of ${hex}`, { opcode: text, payload: Buffer.from(hex, 'hex') }),
  ),
  noText(
    'UTF-8 broken over fragments',
    { opcode: text, payload: bytes(0xe2), fin: false },
    { opcode: continuation, payload: bytes(0x28) },
  ),
]
