// `npm run fuzz -- --inputs N --seed S`: random requests, frames and first messages against a real
// server, through its port; `--short` is for CI. `--at I` sends input I of that seed alone. Exit
// code 1 on a violation.
import { parseArgs } from 'node:util'
import { fuzzDirectly } from './direct.ts'
import { startFuzzed } from './fuzzed.ts'
import { Fuzzing, inputOf } from './fuzzing.ts'

const INPUTS = 1_000_000
const INPUTS_SHORT = 20_000
/** So many more without a network between, for each that goes through the port. */
const DIRECT = 5

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    short: { type: 'boolean', default: false },
    at: { type: 'string' },
  },
})
const seed = Number(values.seed)
const inputs = Number(values.inputs ?? (values.short ? INPUTS_SHORT : INPUTS))
const fuzzed = await startFuzzed()
try {
  process.exitCode = values.at === undefined ? await fuzzAll() : await replay(Number(values.at))
} finally {
  await fuzzed.server.stop()
}
process.exit()

async function fuzzAll(): Promise<number> {
  console.log(`seed ${seed}, ${inputs} inputs`)
  const fuzzing = new Fuzzing(fuzzed, seed, inputs)
  const violations = await fuzzing.run()
  violations.push(...(await fuzzed.unwell()))
  const direct = fuzzDirectly(seed, inputs * DIRECT)
  violations.push(...direct.violations)
  console.log(fuzzing.summary())
  console.log(`directly: ${direct.summary}`)
  for (const violation of violations) console.log(`VIOLATION ${violation}`)
  console.log(violations.length === 0 ? 'no violation' : `replay with --seed ${seed} --at <index>`)
  return violations.length === 0 ? 0 : 1
}

/** Sends one input again, and shows it with what came. */
async function replay(index: number): Promise<number> {
  const input = inputOf(seed, index, fuzzed.credentials)
  console.log(`${input.kind} ${JSON.stringify(input.bytes.toString('latin1'))}`)
  const outcome = await new Fuzzing(fuzzed, seed, index + 1).one(index)
  console.log(outcome.words)
  if (outcome.wrong !== null) console.log(`VIOLATION ${outcome.wrong}`)
  return outcome.wrong === null ? 0 : 1
}
