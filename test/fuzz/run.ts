// `npm run fuzz -- --inputs N --seed S`: random requests, frames and first messages against a real
// server, through its port: first Usher alone, then in an application (`--host`: there alone).
// `--short` is for CI. `--seed S --path P` sends again what a violation came down to. Exit code 1
// on a violation.
import { parseArgs } from 'node:util'
import type { Home } from '../attack/target.ts'
import { fuzzCommands, fuzzDirectly } from './direct.ts'
import { Fuzzing } from './fuzz-loop.ts'
import { type Fuzzed, startFuzzed } from './target.ts'

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
    host: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const inputs = Number(values.inputs ?? (values.short ? INPUTS_SHORT : INPUTS))
const homes: readonly Home[] = values.host ? ['root'] : values.path ? ['alone'] : ['alone', 'root']
const violations: string[] = []
for (const home of homes) violations.push(...(await fuzzAt(home)))
process.exit(tell(violations))

async function fuzzAt(home: Home): Promise<string[]> {
  const fuzzed = await startFuzzed(home)
  try {
    const found = await (values.path ? replay(fuzzed, values.path) : fuzzAll(fuzzed, home))
    return found.map((violation) => `${home === 'alone' ? 'alone' : '--host'}: ${violation}`)
  } finally {
    await fuzzed.server.stop()
  }
}

async function fuzzAll(fuzzed: Fuzzed, home: Home): Promise<string[]> {
  const where = home === 'alone' ? 'Usher alone' : 'Usher in an application'
  console.log(`${where}: seed ${seed}, about ${inputs} inputs`)
  const fuzzing = new Fuzzing(fuzzed, inputs)
  const violations = [...(await fuzzing.run(seed)), ...(await fuzzed.unwell())]
  console.log(fuzzing.summary())
  // What is read without a network between is the same code in both.
  if (home !== 'alone') return violations
  const direct = fuzzDirectly(seed, inputs * DIRECT)
  console.log(`directly: ${direct.summary}`)
  const commands = fuzzCommands(seed, inputs)
  console.log(`directly: ${commands.summary}`)
  return [...violations, ...direct.violations, ...commands.violations]
}

async function replay(fuzzed: Fuzzed, path: string): Promise<string[]> {
  const violations = await new Fuzzing(fuzzed, 1).again({ seed, path })
  return [...violations, ...(await fuzzed.unwell())]
}

function tell(violations: readonly string[]): number {
  for (const violation of violations) console.log(`VIOLATION ${violation}`)
  if (violations.length === 0) console.log('no violation')
  return violations.length === 0 ? 0 : 1
}
