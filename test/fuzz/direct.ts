// The same first messages and frames without a network between: many more of them, straight into
// the functions that read what strangers send.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { readFirstMessage } from '../../src/connection/first-message.ts'
import { formatNamed } from '../../src/wire/formats.ts'
import { anyCommands, wrongCommands } from './centrifugal.ts'
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

const MIB = 2 ** 20
/** Memory that may stay behind, whatever the number of frames. */
const GROWTH_MIB_MAX = 16

/** Frames of commands, each read in both encodings. */
export function fuzzCommands(seed: number, inputs: number): DirectFuzzing {
  const start = performance.now()
  const property = fc.property(anyCommands, (payload) => {
    const wrong = wrongCommands(payload)
    if (wrong !== null) throw new Error(wrong)
  })
  // What the making of inputs needs is not counted.
  fc.check(property, { seed: seed + 1, numRuns: Math.min(inputs, 10_000) })
  const before = bytesInUse()
  const found = fc.check(property, { seed, numRuns: inputs })
  const grown = Math.round((bytesInUse() - before) / MIB)
  const violations = found.failed ? [`commands: ${fc.defaultReportMessage(found)}`] : []
  if (grown > GROWTH_MIB_MAX) violations.push(`commands: memory grew by ${grown} MiB`)
  const rate = Math.round((inputs / (performance.now() - start)) * 1_000)
  return { violations, summary: `${inputs} frames of commands, ${rate}/s, memory +${grown} MiB` }
}

/** Once all is collected that can be: what lies about until then says nothing. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
