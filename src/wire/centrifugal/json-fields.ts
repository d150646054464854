// Messages of the table in `schema.ts` as JSON: read with the types that it says, and written.
import { jsonSlice } from '../../protocol/json-slice.ts'
import type { Piece } from './framing.ts'
import type { Fields, Type, Values } from './schema.ts'

const UINT_32 = 2 ** 32
const UINT_64 = 2 ** 64

/** Throws where the text is no such object. */
export function readFields<F extends Fields>(text: string, fields: F): Values<F> {
  return read(JSON.parse(text), fields, { text, path: [] }) as Values<F>
}

/** Where a value stands, for those that are taken as their text. */
interface Place {
  text: string
  path: readonly string[]
}

/** Only what the table has, and `null` counts as left out. */
function read(value: unknown, fields: Fields, { text, path }: Place): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(objectOf(value))) {
    if (!Object.hasOwn(fields, name)) continue
    const [, type] = fields[name] as Fields[string]
    // Data may be `null`, which is a value like any other.
    if (field === null && type !== 'bytes') continue
    found[name] = readOne(field, type, { text, path: [...path, name] })
  }
  return found
}

function objectOf(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new TypeError('no object')
}

function readOne(value: unknown, type: Type, place: Place): unknown {
  if (type === 'bytes') return Buffer.from(jsonSlice(place.text, place.path) ?? '')
  if (type === 'string' || type === 'bool') return checked(value, type)
  if (type === 'list') throw new TypeError('commands have no lists')
  if (typeof type === 'string') return numberOf(value, type)
  if ('message' in type) return read(value, type.message, place)
  return mapOf(value, type.map, place)
}

function checked(value: unknown, type: 'string' | 'bool'): unknown {
  if (typeof value === (type === 'bool' ? 'boolean' : 'string')) return value
  throw new TypeError(`no ${type}`)
}

/** What is beyond the integers that a number can be is the greatest of them. */
function numberOf(value: unknown, type: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new TypeError('no integer')
  const isSigned = type.startsWith('int')
  const bound = type.endsWith('32') ? UINT_32 : UINT_64
  const [least, most] = isSigned ? [-bound / 2, bound / 2 - 1] : [0, bound - 1]
  if (value < least || value > most) throw new TypeError(`no ${type}`)
  return Math.min(value, Number.MAX_SAFE_INTEGER)
}

function mapOf(value: unknown, of: 'string' | Fields, place: Place): Map<string, unknown> {
  const entries = Object.entries(objectOf(value))
  return new Map(
    entries.map(([key, one]) => [key, of === 'string' ? checked(one, of) : read(one, of, place)]),
  )
}

/** What fields are made of. Bytes are JSON already. */
type Value =
  | string
  | number
  | boolean
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | { readonly [name: string]: Value }

/** The pieces of an object; bytes are among them as they are. */
export function fieldPieces(fields: object): Piece[] {
  const pieces: Piece[] = []
  write(fields as Value, pieces)
  return pieces
}

function write(value: Value, pieces: Piece[]): void {
  if (value instanceof Uint8Array) pieces.push(value)
  else if (typeof value !== 'object') add(pieces, JSON.stringify(value))
  else if (Array.isArray(value)) writeList(value, pieces)
  else writeObject(value instanceof Map ? [...value] : Object.entries(value), pieces)
}

function writeList(list: readonly Value[], pieces: Piece[]): void {
  list.forEach((one, at) => {
    add(pieces, at === 0 ? '[' : ',')
    write(one, pieces)
  })
  add(pieces, list.length === 0 ? '[]' : ']')
}

function writeObject(entries: readonly [string, Value][], pieces: Piece[]): void {
  entries.forEach(([name, one], at) => {
    add(pieces, `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`)
    write(one, pieces)
  })
  add(pieces, entries.length === 0 ? '{}' : '}')
}

/** Few long pieces are written faster than many short ones. */
function add(pieces: Piece[], text: string): void {
  const last = pieces.at(-1)
  if (typeof last === 'string') pieces[pieces.length - 1] = last + text
  else pieces.push(text)
}
