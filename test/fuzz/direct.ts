// The same first messages and frames without a network between: many more of them, straight into
// the two functions that read what strangers send.
import { readFirstMessage } from '../../src/connection/first-message.ts'
import { formatNamed } from '../../src/wire/formats.ts'
import { Dice } from '../support/dice.ts'
import { anyValue, bent, changed, writtenOf } from './json.ts'

const SHAPES = new Set(['none', 'bearer', 'ticket'])

export interface DirectFuzzing {
  violations: string[]
  summary: string
}

export function fuzzDirectly(seed: number, inputs: number): DirectFuzzing {
  const start = performance.now()
  const raw = formatNamed('raw')
  const violations: string[] = []
  let taken = 0
  for (let index = 0; index < inputs && violations.length < 5; index += 1) {
    const frame = { payload: payloadOf(new Dice(seed, index)), binary: index % 16 === 0 }
    try {
      const credential = readFirstMessage(frame)
      raw.decode(frame)
      if (credential !== null) taken += 1
      if (credential !== null && !SHAPES.has(credential.kind)) violations.push(`direct ${index}`)
    } catch (error) {
      violations.push(`direct ${index} threw ${error}: ${frame.payload.toString('base64')}`)
    }
  }
  const rate = Math.round(inputs / ((performance.now() - start) / 1_000))
  return { violations, summary: `${inputs} first messages, ${rate}/s, ${taken} had the form` }
}

function payloadOf(dice: Dice): Buffer {
  if (dice.once(4)) return writtenOf(dice, anyValue(dice))
  const good = dice.once(2) ? { ticket: 'ut_x' } : { token: 'a.b.c' }
  return dice.once(3)
    ? bent(dice, Buffer.from(JSON.stringify(good)))
    : writtenOf(dice, changed(dice, good))
}
