// A part of a JSON text is what JSON.parse finds there, in the bytes in which it was written.
import fc from 'fast-check'
import { test } from 'tap'
import { jsonSlice } from '../../src/protocol/json-slice.ts'

const SPACES = fc.constantFrom('', '', '', ' ', '\t', '\r\n ')
const NAMES = ['a', 'b', 'data', '', '__proto__', 'constructor', '\\', '"', 'é', '\u0000', '}', ',']

/** A string as some writer may write it: with escapes that are not needed, or without. */
const quoted = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.boolean()).map(([one, isEscaped]) => {
    if (!isEscaped) return JSON.stringify(one)
    const units = Array.from({ length: one.length }, (_, at) => one.charCodeAt(at))
    return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
  })

/**
 * Without escapes that are not needed: of two members `"a"` and `"\u0061"` JSON.parse of V8 takes
 * now the one, now the other.
 */
const anyName = fc
  .oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 3 }))
  .map((name) => JSON.stringify(name))
const NUMBERS = ['0', '-0', '1e400', '12345678901234567890', '1.0', '1.10', '-1E-7', '0.0000']

/** JSON as text, with all that a value of JavaScript would lose. */
const { value: anyText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('null', 'true', 'false', ...NUMBERS),
    quoted(fc.string({ maxLength: 6 })),
    fc.tuple(SPACES, fc.array(tie('value'), { maxLength: 4 })).map(([space, all]) => {
      return `[${space}${all.join(`${space},`)}${space}]`
    }),
    fc
      .tuple(SPACES, fc.array(fc.tuple(anyName, tie('value')), { maxLength: 5 }))
      .map(([space, members]) => {
        const all = members.map(([name, one]) => `${space}${name}${space}:${space}${one}${space}`)
        return `{${all.join(',')}${space}}`
      }),
  ),
}))

test('the part at a path is what JSON.parse has there, and the last of two counts', async (t) => {
  const path = fc.array(fc.constantFrom(...NAMES), { maxLength: 3 })
  const property = fc.property(anyText, SPACES, path, (text, space, path) => {
    let value: unknown = JSON.parse(text)
    for (const name of path) value = memberOf(value, name)
    const slice = jsonSlice(`${space}${text}${space}`, path)
    if (value === undefined) return slice === null
    return slice !== null && Object.is(JSON.stringify(JSON.parse(slice)), JSON.stringify(value))
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_261_127, numRuns: 3_000 }))
})

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

test('a value comes out as it was put in, character by character', async (t) => {
  const property = fc.property(anyText, anyText, SPACES, (value, other, space) => {
    const members = [`"data":${other}`, `"\\u0061":${other}`, `${space}"data"${space}:${value}`]
    return jsonSlice(`{"a":{${members}},"b":${other}}`, ['a', 'data']) === value
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_261_127, numRuns: 3_000 }))
})

test('a name counts as what it says, whatever its escapes', async (t) => {
  t.equal(jsonSlice('{"a":1, "\\u0061" : 1.0 }', ['a']), '1.0')
  t.equal(jsonSlice('{"\\\\u0061":1}', ['a']), null)
})

test('what is deep or long is found in time that grows with its length alone', async (t) => {
  const deep = `${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`
  t.equal(jsonSlice(`{"b":${deep},"a":${deep}}`, ['a']), deep)
  const slashes = JSON.stringify('\\"'.repeat(200_000))
  t.equal(jsonSlice(`{"b":${slashes},"a":${slashes}}`, ['a']), slashes)
})

test('there is no part where the path leads nowhere', async (t) => {
  for (const text of ['{}', '[]', '1', '"a"', '{"b":{"a":1}}', '{"a":[{"b":1}]}']) {
    t.equal(jsonSlice(text, ['a', 'b']), null, text)
  }
})
