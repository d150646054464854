// No frame makes a decoder of the Centrifugal protocol throw; `npm run fuzz` tries many more.
import fc from 'fast-check'
import { test } from 'tap'
import { anyCommands, wrongCommands } from '../../fuzz/centrifugal.ts'

test('[C262] any frame is read to its end, or up to what cannot be read', async (t) => {
  const property = fc.property(anyCommands, (payload) => {
    const wrong = wrongCommands(payload)
    if (wrong !== null) throw new Error(wrong)
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_261_127, numRuns: 2_000 }))
})
