// Bounds of texts in log lines, for any text at all.
import fc from 'fast-check'
import { test } from 'tap'
import { bounded, LOG_SHAPES } from '../../../plugins/logging/shapes.ts'

/** Bytes between the quotes of a text in a line. */
function bytesIn(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}

const CUT_BYTES = Buffer.byteLength('…')
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 2_000 }),
  fc.string({
    unit: fc.constantFrom('\\', '"', '\u0001', 'é', '€', '😀', '\ud83d', 'a'),
    maxLength: 2_000,
  }),
)

test('[S51] a bounded text has at most so many bytes after it is escaped', async (t) => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 700 }), (text, most) => {
      const shown = bounded(text, most)
      return shown === text ? bytesIn(text) <= most * 2 : bytesIn(shown) <= most + CUT_BYTES
    }),
    { numRuns: 2_000 },
  )
  t.pass('for every text')
})

test('[S51] a text within its bound stays whole, and a cut one keeps its beginning', async (t) => {
  for (const text of ['', 'a'.repeat(100), '\\'.repeat(50), '€'.repeat(33)]) {
    t.equal(bounded(text, 100), text)
  }
  t.equal(bounded('\\'.repeat(51), 100), `${'\\'.repeat(50)}…`)
  t.equal(bounded('a'.repeat(101), 100), `${'a'.repeat(100)}…`)
})

test('[S51] errors are bounded, with their causes, and so is what is no error', async (t) => {
  let error = new Error('\\'.repeat(100_000))
  for (let depth = 0; depth < 100; depth += 1)
    error = new Error('x'.repeat(9_999), { cause: error })
  const bare = Object.create(null)
  for (const thrown of [error, 'x'.repeat(100_000), undefined, bare, 7]) {
    t.ok(JSON.stringify(LOG_SHAPES.err(thrown)).length < 30_000)
  }
})
