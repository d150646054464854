// JSON that is almost what an endpoint takes: any value, a good body with some things changed, and
// at the end a text whose bytes may be bent.
import fc, { type Arbitrary } from 'fast-check'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const KEYS = [
  ...['username', 'password', 'newPassword', 'client', 'refreshToken', 'rooms', 'ttl', 'user'],
  ...['info', 'connectionTtl', 'ticket', 'token', 'room', 'data', 'kind', 'key', '__proto__'],
  ...['constructor', 'prototype', 'toString', 'then', 'length', '', '$ref', '0'],
]
const NUMBERS = [
  ...[0, -0, 1, -1, 30, 31, 0.5, 1e-9, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53)],
  ...[1e21, 1e308, 5e-324],
]
const TEXTS = [
  ...['', ' ', 'a', 'chat:a', 'user:u_x', '../..', '*', '$', '\u0000', '\r\n', '\ud800'],
  ...['\udc00x', '\u{1f600}', '\u202e', '\ufeff', '%00', '%', '{}', '[]', 'null', 'true'],
  ...['__proto__', 'web', 'app', "' OR 1=1--", '$[7*7]', '<script>', 'ut_'],
  ...['u_AAAAAAAAAAAAAAAA', 'eyJhbGciOiJub25lIn0.e30.'],
]

/** `rare` once in `times`, else `usual`. */
export function seldom<T>(times: number, rare: Arbitrary<T>, usual: Arbitrary<T>): Arbitrary<T> {
  return fc.oneof({ weight: 1, arbitrary: rare }, { weight: times - 1, arbitrary: usual })
}

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 40 })
/** Half a surrogate pair is among them. */
const unit = fc.nat({ max: 65_535 }).map((code) => String.fromCharCode(code))
const long = fc.nat({ max: 3_000 }).map((count) => 'x'.repeat(count))

export const anyText: Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 4, arbitrary: ascii },
  { weight: 3, arbitrary: fc.string({ unit, maxLength: 40 }) },
  { weight: 1, arbitrary: long },
)

function objectOf(value: Arbitrary<Json>): Arbitrary<Json> {
  const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...KEYS) }, anyText)
  // fromEntries makes `__proto__` a key like any other.
  return fc.array(fc.tuple(key, value), { maxLength: 6 }).map(Object.fromEntries)
}

const nested: Arbitrary<Json> = fc.nat({ max: 400 }).map((depth) => {
  let value: Json = 1
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value }
  return value
})

export const anyValue: Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: fc.constant<Json>(null) },
    { weight: 6, arbitrary: fc.boolean() },
    { weight: 6, arbitrary: fc.constantFrom(...NUMBERS) },
    { weight: 12, arbitrary: anyText },
    { weight: 6, arbitrary: fc.array(tie('value'), { maxLength: 6 }) },
    { weight: 10, arbitrary: objectOf(tie('value')) },
    { weight: 1, arbitrary: nested },
  ),
})).value

/** A good body with one to three things changed. */
export function changed(good: { [key: string]: Json }): Arbitrary<Json> {
  const change = fc.record({
    how: fc.constantFrom('drop', 'add', 'wrap', 'write', 'replace'),
    key: fc.oneof(fc.constantFrom(...Object.keys(good), ''), fc.constantFrom(...KEYS)),
    value: anyValue,
    text: anyText,
  })
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const entries = new Map<string, Json>(Object.entries(good))
    for (const { how, key, value, text } of changes) {
      const old = entries.get(key) ?? null
      if (how === 'drop') entries.delete(key)
      else if (how === 'wrap') entries.set(key, [old])
      else if (how === 'write') entries.set(key, `${JSON.stringify(old)}${text}`)
      else entries.set(key, value)
    }
    return Object.fromEntries(entries)
  })
}

/** The text of a value, sometimes no longer JSON. */
export function written(value: Arbitrary<Json>): Arbitrary<Buffer> {
  const bytes = value.map((one) => Buffer.from(JSON.stringify(one)))
  return seldom(4, bent(bytes), bytes)
}

const cut = fc.record({
  how: fc.constantFrom('change', 'take', 'double', 'put'),
  at: fc.nat(),
  count: fc.nat({ max: 8 }),
  put: fc.uint8Array({ maxLength: 8 }),
})

/** Bytes changed, cut, doubled or put in: a few of them. */
export function bent(bytes: Arbitrary<Buffer>): Arbitrary<Buffer> {
  const cuts = fc.array(cut, { minLength: 1, maxLength: 5 })
  return fc.tuple(bytes, cuts).map(([whole, all]) => all.reduce(bendOnce, whole))
}

type Cut = typeof cut extends Arbitrary<infer Value> ? Value : never

function bendOnce(bytes: Buffer, { how, at: anywhere, count, put }: Cut): Buffer {
  const at = anywhere % (bytes.length + 1)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at + count)]
  if (how === 'change') return Buffer.concat([head, put.subarray(0, 1), tail])
  if (how === 'take') return Buffer.concat([head, tail])
  if (how === 'double') return Buffer.concat([bytes.subarray(0, at + count), bytes.subarray(at)])
  return Buffer.concat([head, put, bytes.subarray(at)])
}
