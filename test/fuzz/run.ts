// `npm run fuzz -- --inputs N --seed S`: random requests, frames and first messages against a real
// server, through its port; `--short` is for CI. `--seed S --path P` sends again what a violation
// came down to. Exit code 1 on a violation.
import { parseArgs } from 'node:util'
import { fuzzDirectly } from './direct.ts'
import { Fuzzing } from './fuzz-loop.ts'
import { startFuzzed } from './target.ts'

const INPUTS = 1_000_000
const INPUTS_SHORT = 20_000
/** So many more without a network between, for each that goes through the port. */
const DIRECT = 5

const { values } = parseArgs({
  options: {
    inputs: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    short: { type: 'boolean', default: false },
    path: { type: 'string' },
  },
})
const seed = Number(values.seed)
const inputs = Number(values.inputs ?? (values.short ? INPUTS_SHORT : INPUTS))
const fuzzed = await startFuzzed()
try {
  process.exitCode = tell(values.path ? await replay(values.path) : await fuzzAll())
} finally {
  await fuzzed.server.stop()
}
process.exit()

async function fuzzAll(): Promise<string[]> {
  console.log(`seed ${seed}, about ${inputs} inputs`)
  const fuzzing = new Fuzzing(fuzzed, inputs)
  const violations = [...(await fuzzing.run(seed)), ...(await fuzzed.unwell())]
  const direct = fuzzDirectly(seed, inputs * DIRECT)
  console.log(fuzzing.summary())
  console.log(`directly: ${direct.summary}`)
  return [...violations, ...direct.violations]
}

async function replay(path: string): Promise<string[]> {
  const violations = await new Fuzzing(fuzzed, 1).again({ seed, path })
  return [...violations, ...(await fuzzed.unwell())]
}

function tell(violations: readonly string[]): number {
  for (const violation of violations) console.log(`VIOLATION ${violation}`)
  if (violations.length === 0) console.log('no violation')
  return violations.length === 0 ? 0 : 1
}
