// JSON that is almost what a door takes: values are generated, good bodies are changed, and at the
// end the text itself may be bent.
import type { Dice } from '../support/dice.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const KEYS = [
  'username',
  'password',
  'newPassword',
  'client',
  'refreshToken',
  'rooms',
  'ttl',
  'user',
  'info',
  'connectionTtl',
  'ticket',
  'token',
  'room',
  'data',
  'kind',
  'key',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'then',
  'length',
  '',
  '$ref',
  '0',
]
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  30,
  31,
  0.5,
  1e-9,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e21,
  1e308,
  5e-324,
]
const TEXTS = [
  '',
  ' ',
  'a',
  'chat:a',
  'user:u_x',
  '../..',
  '*',
  '$',
  '\u0000',
  '\r\n',
  '\ud800',
  '\udc00x',
  '\u{1f600}',
  '\u202e',
  '\ufeff',
  '%00',
  '%',
  '{}',
  '[]',
  'null',
  'true',
  '__proto__',
  'web',
  'app',
  "' OR 1=1--",
  '$[7*7]',
  '<script>',
  'ut_',
  'u_AAAAAAAAAAAAAAAA',
  'eyJhbGciOiJub25lIn0.e30.',
]

export function textOf(dice: Dice): string {
  if (dice.once(3)) return dice.pick(TEXTS)
  if (dice.once(12)) return 'x'.repeat(dice.length(3_000))
  const codes = Array.from({ length: dice.length(40) }, () =>
    dice.below(dice.once(4) ? 65_536 : 128),
  )
  return String.fromCharCode(...codes)
}

export function anyValue(dice: Dice, depth = 0): Json {
  const kind = dice.below(depth > 4 ? 5 : 8)
  if (kind === 0) return null
  if (kind === 1) return dice.once(2)
  if (kind === 2) return dice.pick(NUMBERS)
  if (kind === 3 || kind === 4) return textOf(dice)
  if (kind === 5) return Array.from({ length: dice.length(6) }, () => anyValue(dice, depth + 1))
  if (kind === 6 && dice.once(6)) return nested(dice.length(400))
  return objectOf(dice, depth)
}

function nested(depth: number): Json {
  let value: Json = 1
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value }
  return value
}

function objectOf(dice: Dice, depth: number): Json {
  const entries = Array.from({ length: dice.length(6) }, (): [string, Json] => [
    dice.once(4) ? textOf(dice) : dice.pick(KEYS),
    anyValue(dice, depth + 1),
  ])
  // fromEntries makes `__proto__` a key like any other.
  return Object.fromEntries(entries)
}

/** A good body with one to three things changed. */
export function changed(dice: Dice, good: { [key: string]: Json }): Json {
  const entries = new Map<string, Json>(Object.entries(good))
  for (let times = 1 + dice.below(3); times > 0; times -= 1) changeOnce(dice, entries)
  return Object.fromEntries(entries)
}

function changeOnce(dice: Dice, entries: Map<string, Json>): void {
  const key = dice.pick([...entries.keys(), dice.pick(KEYS)])
  const action = dice.below(5)
  if (action === 0) entries.delete(key)
  else if (action === 1) entries.set(dice.pick(KEYS), anyValue(dice))
  else if (action === 2) entries.set(key, [entries.get(key) ?? null])
  else if (action === 3) entries.set(key, `${JSON.stringify(entries.get(key))}${textOf(dice)}`)
  else entries.set(key, anyValue(dice))
}

/** The text of a value, sometimes no longer JSON. */
export function writtenOf(dice: Dice, value: Json): Buffer {
  const bytes = Buffer.from(JSON.stringify(value))
  return dice.once(4) ? bent(dice, bytes) : bytes
}

/** Bytes changed, cut, doubled or put in: a few of them. */
export function bent(dice: Dice, bytes: Buffer): Buffer {
  let result = bytes
  for (let times = 1 + dice.length(4); times > 0; times -= 1) {
    const at = dice.below(result.length + 1)
    const after = at + dice.length(8)
    const [head, tail] = [result.subarray(0, at), result.subarray(after)]
    const action = dice.below(4)
    if (action === 0) result = Buffer.concat([head, dice.bytes(1), tail])
    else if (action === 1) result = Buffer.concat([head, tail])
    else if (action === 2) result = Buffer.concat([result.subarray(0, after), result.subarray(at)])
    else result = Buffer.concat([head, dice.bytes(dice.length(8)), result.subarray(at)])
  }
  return result
}
