// Frames of a client from a seed: messages in fragments with control frames anywhere between, all
// as the RFC demands until one fault, or until the client closes.
import type { Dice } from '../support/dice.ts'
import { type ClientFrame, OPCODE } from '../support/frames.ts'
import { FORBIDDEN_CODES, NOT_UTF8, RESERVED_OPCODES } from '../support/malformed-frames.ts'
import { BOUNDS } from './verdict.ts'

const { continuation, text, binary, close, ping, pong } = OPCODE

const SIZES = [0, 0, 1, 2, 124, 125, 126, 127, 128, 1_000, 65_535, 65_536, BOUNDS.messageBytes]
/** Every length that UTF-8 has, so that a cut falls into the middle of a character. */
const CHARACTERS = ['a', 'é', '€', '👋', '\u0000', '\ufeff', '\u{10ffff}']
const GOOD_CODES = [1_000, 1_001, 1_003, 1_007, 1_011, 1_012, 1_014, 3_000, 3_999, 4_000, 4_999]

export function textOf(dice: Dice, bytes: number): Buffer {
  const some = Array.from({ length: 16 }, () => dice.pick(CHARACTERS)).join('')
  const whole = Buffer.from(some)
  const filled = Buffer.concat(Array(Math.ceil(bytes / whole.length)).fill(whole), bytes)
  // The bytes of a character that is cut at the end become ASCII characters.
  let end = bytes
  while (end > 0 && ((filled[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1
  if (end > 0 && (filled[end - 1] ?? 0) > 0x7f) end -= 1
  return filled.fill('z', end)
}

/** A message, cut anywhere, with control frames between its fragments. */
export function inFragments(
  dice: Dice,
  { opcode, payload }: { opcode: number; payload: Buffer },
  pieces = dice.length(6),
): ClientFrame[] {
  const cuts = Array.from({ length: pieces }, () => dice.below(payload.length + 1))
  const ends = [...cuts.sort((a, b) => a - b), payload.length]
  return ends.flatMap((end, at) => {
    const part = payload.subarray(at === 0 ? 0 : ends[at - 1], end)
    const fin = at === ends.length - 1
    const frame = { opcode: at === 0 ? opcode : continuation, payload: part, fin }
    return fin ? [frame] : [frame, ...controls(dice)]
  })
}

function message(dice: Dice, pieces = dice.length(6), size = dice.pick(SIZES)): ClientFrame[] {
  const opcode = dice.pick([text, binary])
  const payload = opcode === text ? textOf(dice, size) : dice.bytes(Math.min(size, 64))
  return inFragments(dice, { opcode, payload }, pieces)
}

function controls(dice: Dice): ClientFrame[] {
  return Array.from({ length: dice.length(3) }, () => ({
    opcode: dice.pick([ping, ping, pong]),
    payload: dice.bytes(dice.pick([0, 1, 4, 124, 125])),
  }))
}

/** A close frame with a code and what follows the code. */
function closeWith(code: number, reason: Buffer = Buffer.alloc(0)): ClientFrame {
  return { opcode: close, payload: Buffer.concat([Buffer.from([code >> 8, code & 255]), reason]) }
}

export function goodClose(dice: Dice): ClientFrame {
  if (dice.once(4)) return { opcode: close }
  return closeWith(dice.pick(GOOD_CODES), textOf(dice, dice.pick([0, 1, 100, 123])))
}

/** A text that is wrong as a whole, cut anywhere, so that the fault may lie between two frames. */
function badText(dice: Dice): ClientFrame[] {
  const wrong = Buffer.from(dice.pick(NOT_UTF8), 'hex')
  const payload = Buffer.concat([textOf(dice, dice.length(20)), wrong])
  const cut = dice.below(payload.length + 1)
  return [
    { opcode: text, payload: payload.subarray(0, cut), fin: false },
    ...controls(dice),
    { opcode: continuation, payload: payload.subarray(cut) },
  ]
}

/** More bytes than a message may have, in one frame or together. */
function tooBig(dice: Dice): ClientFrame[] {
  const over = Buffer.alloc(BOUNDS.messageBytes + 1 + dice.length(9), 'x')
  const cut = dice.pick([over.length, 1, over.length - 1, 40_000])
  const first = { opcode: dice.pick([text, binary]), payload: over.subarray(0, cut) }
  if (cut === over.length) return [{ ...first, fin: !dice.once(3) }]
  return [{ ...first, fin: false }, ...controls(dice), { opcode: 0, payload: over.subarray(cut) }]
}

const FAULTS: Readonly<Record<string, (dice: Dice) => ClientFrame[]>> = {
  'a close': (dice) => [goodClose(dice)],
  'a close inside a message': (dice) => [
    { opcode: text, payload: 'begun', fin: false },
    ...controls(dice),
    goodClose(dice),
  ],
  'a continuation of nothing': (dice) => [{ opcode: continuation, fin: dice.once(2) }],
  'a start within a start': (dice) => [
    { opcode: dice.pick([text, binary]), payload: 'begun', fin: false },
    ...controls(dice),
    { opcode: dice.pick([text, binary]), payload: 'again', fin: dice.once(2) },
  ],
  'a control frame too long': (dice) => [
    { opcode: dice.pick([close, ping, pong]), payload: dice.bytes(dice.pick([126, 127, 1_000])) },
  ],
  'a control frame in fragments': (dice) => [
    { opcode: dice.pick([close, ping, pong]), payload: dice.bytes(2), fin: false },
  ],
  'a text that is not UTF-8': badText,
  'a reserved bit': (dice) => [
    { ...dice.pick([...message(dice, 0, 10), { opcode: ping }]), rsv: 1 + dice.below(7) },
  ],
  'a reserved opcode': (dice) => [
    {
      opcode: dice.pick(RESERVED_OPCODES),
      payload: dice.bytes(dice.below(9)),
      fin: !dice.once(3),
    },
  ],
  'an unmasked frame': (dice) => [
    { opcode: dice.pick([text, binary, ping, close]), masked: false },
  ],
  'too many bytes': tooBig,
  'too many fragments': (dice) => message(dice, BOUNDS.fragments + dice.below(5), 1_000),
  'a wrong close code': (dice) => [closeWith(dice.pick(FORBIDDEN_CODES))],
  'half a close code': () => [{ opcode: close, payload: 'x' }],
  'a close reason that is not UTF-8': (dice) => [
    closeWith(1_000, Buffer.from(dice.pick(NOT_UTF8), 'hex')),
  ],
}

export const FAULT_NAMES = Object.keys(FAULTS)

export interface Order {
  /** The fault in it, or how it ends. */
  name: string
  frames: ClientFrame[]
}

/** Some messages, then the fault of that name, and then messages that must not be heard. */
export function orderWith(name: string, dice: Dice): Order {
  const good = Array.from({ length: dice.length(4) }, () => [...message(dice), ...controls(dice)])
  const fault = FAULTS[name]?.(dice) ?? []
  const late: ClientFrame[] = [
    { opcode: text, payload: 'too late' },
    { opcode: ping },
    { opcode: close },
  ]
  return { name, frames: [...good.flat(), ...fault, ...late] }
}
