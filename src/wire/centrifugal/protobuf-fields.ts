// Messages of the table in `schema.ts` as Protobuf: read with the types that it says, and written.
import { isUtf8 } from 'node:buffer'
import type { Piece } from './framing.ts'
import type { Fields, Type, Values } from './schema.ts'

/** How a field is written: as a varint, or as bytes after their length. The others are skipped. */
const VARINT = 0
const FIXED_64 = 1
const BYTES = 2
const FIXED_32 = 5

const VARINT_BYTES_MAX = 10
const MORE = 0x80
const SEVEN_BITS = 0x7f
const TWO_TO_32 = 2 ** 32

type Entry = readonly [name: string, type: Type]

const numbered = new WeakMap<Fields, ReadonlyMap<number, Entry>>()

function byNumber(fields: Fields): ReadonlyMap<number, Entry> {
  const known = numbered.get(fields)
  if (known !== undefined) return known
  const entries = Object.entries(fields)
  const made = new Map(
    entries.map(([name, [number, type]]): [number, Entry] => [number, [name, type]]),
  )
  numbered.set(fields, made)
  return made
}

/** Reads from the front. Each method throws a RangeError where the bytes are not what it wants. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The bytes after their length; they share the memory of the whole. */
  delimited(): Buffer {
    return this.take(this.unsigned())
  }

  take(count: number): Buffer {
    const end = this.#at + count
    if (end > this.#bytes.length) throw new RangeError('too few bytes')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  /** Of 64 bits; what is beyond the integers that a number can be is the greatest of them. */
  unsigned(): number {
    const [low, high] = this.varint()
    return Math.min((high >>> 0) * TWO_TO_32 + (low >>> 0), Number.MAX_SAFE_INTEGER)
  }

  /** The lower and the higher 32 bits. */
  varint(): readonly [low: number, high: number] {
    let low = 0
    let high = 0
    for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw new RangeError('too few bytes')
      this.#at += 1
      const bits = byte & SEVEN_BITS
      const shift = 7 * count
      if (shift < 32) low |= bits << shift
      if (shift > 28) high |= bits << (shift - 32)
      else if (shift === 28) high |= bits >>> 4
      if (byte < MORE) return [low, high]
    }
    throw new RangeError('a varint without an end')
  }
}

/** Throws where the bytes are no such message. */
export function readFields<F extends Fields>(bytes: Buffer, fields: F): Values<F> {
  return read(bytes, fields, {}) as Values<F>
}

/** A message that comes in several parts is one, as Protobuf says. */
function read(bytes: Buffer, fields: Fields, found: Record<string, unknown>): object {
  const reader = new Reader(bytes)
  const known = byNumber(fields)
  while (!reader.isAtEnd) {
    const tag = reader.unsigned()
    const entry = known.get(Math.floor(tag / 8))
    if (entry === undefined) {
      skip(reader, tag)
      continue
    }
    const [name, type] = entry
    found[name] = readOne(reader, tag % 8, type, found[name])
  }
  return found
}

function skip(reader: Reader, tag: number): void {
  const form = tag % 8
  if (tag < 8) throw new RangeError('no field has the number 0')
  if (form === VARINT) reader.varint()
  else if (form === BYTES) reader.delimited()
  else if (form === FIXED_64) reader.take(8)
  else if (form === FIXED_32) reader.take(4)
  else throw new RangeError('groups are no more')
}

function readOne(reader: Reader, form: number, type: Type, before: unknown): unknown {
  if (form !== (isNumber(type) ? VARINT : BYTES)) throw new RangeError('another type')
  if (isNumber(type)) return numberOf(reader, type)
  const bytes = reader.delimited()
  if (type === 'string') return textOf(bytes)
  // A copy: what is kept of a short message would else keep a long frame.
  if (typeof type === 'string') return Buffer.from(bytes)
  if ('message' in type) return read(bytes, type.message, (before ?? {}) as Record<string, unknown>)
  return withEntry((before ?? new Map()) as Map<string, unknown>, bytes, type.map)
}

type NumberType = 'bool' | 'uint32' | 'uint64' | 'int32' | 'int64'

function isNumber(type: Type): type is NumberType {
  return typeof type === 'string' && type !== 'string' && type !== 'bytes' && type !== 'list'
}

function numberOf(reader: Reader, type: NumberType): number | boolean {
  if (type === 'uint64') return reader.unsigned()
  const [low, high] = reader.varint()
  if (type === 'bool') return (low | high) !== 0
  if (type === 'uint32') return low >>> 0
  return type === 'int32' ? low : high * TWO_TO_32 + (low >>> 0)
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new RangeError('no UTF-8')
  return bytes.toString()
}

/** An entry is a message of a key and a value, of which each may be left out. */
function withEntry(map: Map<string, unknown>, bytes: Buffer, of: 'string' | Fields): object {
  const { key = '', value } = read(bytes, entryOf(of), {}) as { key?: string; value?: unknown }
  return map.set(key, value ?? (of === 'string' ? '' : {}))
}

const entries = new WeakMap<Fields, Fields>()
const TEXT_ENTRY: Fields = { key: [1, 'string'], value: [2, 'string'] }

function entryOf(of: 'string' | Fields): Fields {
  if (of === 'string') return TEXT_ENTRY
  const known = entries.get(of)
  if (known !== undefined) return known
  const made: Fields = { key: [1, 'string'], value: [2, { message: of }] }
  entries.set(of, made)
  return made
}

const FIRST_BYTES = 4_096

/** Writes a message from its end, so that the length of each part is known where it is due. */
export class Writer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #at = FIRST_BYTES

  /** A message begins; what `written` gave for another one is no longer good. */
  begin(): void {
    this.#at = this.#bytes.length
  }

  /** All since `begin`. */
  get written(): Buffer {
    return this.#bytes.subarray(this.#at)
  }

  /** How much was written, to be given to `close`. */
  get length(): number {
    return this.#bytes.length - this.#at
  }

  /** Puts a length, and the tag of this number if there is one, before what came after `length`. */
  close(length: number, number = 0): void {
    this.varint(this.length - length)
    if (number > 0) this.varint(number * 8 + BYTES)
  }

  /** A field of bytes or of text. */
  piece(number: number, piece: Piece): void {
    const length = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
    this.#need(length)
    this.#at -= length
    if (typeof piece === 'string') this.#bytes.write(piece, this.#at)
    else this.#bytes.set(piece, this.#at)
    this.varint(length)
    this.varint(number * 8 + BYTES)
  }

  /** A field of an integer from 0 to 2^53 − 1. */
  integer(number: number, value: number): void {
    this.varint(value)
    this.varint(number * 8 + VARINT)
  }

  varint(value: number): void {
    this.#need(VARINT_BYTES_MAX)
    let count = 1
    for (let rest = value; rest > SEVEN_BITS; rest = Math.floor(rest / MORE)) count += 1
    this.#at -= count
    let at = this.#at
    let rest = value
    for (; rest > SEVEN_BITS; rest = Math.floor(rest / MORE)) {
      this.#bytes[at] = (rest % MORE) | MORE
      at += 1
    }
    this.#bytes[at] = rest
  }

  #need(count: number): void {
    if (count <= this.#at) return
    const { length } = this
    const bytes = Buffer.allocUnsafeSlow(2 * (length + count))
    bytes.set(this.#bytes.subarray(this.#at), bytes.length - length)
    this.#bytes = bytes
    this.#at = bytes.length - length
  }
}

/** The fields of a message. What is zero or empty is left out, but for messages. */
export function writeFields<F extends Fields>(to: Writer, fields: F, values: Values<F>): void {
  for (const [name, [number, type]] of reversed(fields)) {
    const value = values[name]
    if (value !== undefined) write(to, number, type, value)
  }
}

const turned = new WeakMap<Fields, readonly (readonly [string, Fields[string]])[]>()

function reversed(fields: Fields): readonly (readonly [string, Fields[string]])[] {
  const known = turned.get(fields)
  if (known !== undefined) return known
  const made = Object.entries(fields).reverse()
  turned.set(fields, made)
  return made
}

function write(to: Writer, number: number, type: Type, value: unknown): void {
  if (type === 'list') for (const one of (value as Buffer[]).toReversed()) to.piece(number, one)
  else if (type === 'string' || type === 'bytes') {
    if ((value as Piece).length > 0) to.piece(number, value as Piece)
  } else if (typeof type === 'string') {
    if (Number(value) > 0) to.integer(number, Number(value))
  } else if ('message' in type) writeMessage(to, number, type.message, value as object)
  else {
    for (const [key, one] of [...(value as Map<string, object>)].reverse()) {
      writeMessage(to, number, entryOf(type.map), { key, value: one })
    }
  }
}

function writeMessage(to: Writer, number: number, fields: Fields, value: object): void {
  const { length } = to
  writeFields(to, fields, value)
  to.close(length, number)
}
