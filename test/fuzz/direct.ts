// The same first messages and frames without a network between: many more of them, straight into
// the two functions that read what strangers send.
import fc from 'fast-check'
import { readFirstMessage } from '../../src/connection/first-message.ts'
import { formatNamed } from '../../src/wire/formats.ts'
import { firstPayload } from './handshakes.ts'

const KINDS = new Set(['none', 'bearer', 'ticket'])

export interface DirectFuzzing {
  violations: string[]
  summary: string
}

export function fuzzDirectly(seed: number, inputs: number): DirectFuzzing {
  const start = performance.now()
  const raw = formatNamed('raw')
  let taken = 0
  const property = fc.property(firstPayload, fc.boolean(), (payload, binary) => {
    const frame = { payload, binary }
    const credential = readFirstMessage(frame)
    raw.decode(frame)
    if (credential === null) return true
    taken += 1
    return KINDS.has(credential.kind)
  })
  const found = fc.check(property, { seed, numRuns: inputs })
  const seconds = (performance.now() - start) / 1_000
  const violations = found.failed ? [`directly: ${fc.defaultReportMessage(found)}`] : []
  const rate = Math.round(inputs / seconds)
  return { violations, summary: `${inputs} first messages, ${rate}/s, ${taken} had the form` }
}
