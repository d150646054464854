// npm run bench:reconnect -- [cuts|restart ...] [--size N] [--seconds N] [--short]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { short } from '../table.ts'
import { cuts } from './cuts.ts'
import { type Restart, restart } from './restart.ts'
import type { Found } from './stage.ts'

const WRONGS_SHOWN = 20

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    size: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const size = Number(values.size ?? (values.short ? 1_000 : 10_000))
const seconds = Number(values.seconds ?? (values.short ? 10 : 60))
const pin = pinned()

const RESTARTS: readonly Restart[] = [
  { size, ending: 'kill -9', admission: 'raised' },
  { size, ending: 'orderly', admission: 'raised' },
  { size, ending: 'orderly', admission: 'default' },
]

/** The server has a core of its own, and the followers have another. */
function pinned(): string[] {
  const { status } = spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)])
  return status === 0 ? ['taskset', '-c', '0'] : []
}

function isWanted(word: string): boolean {
  return positionals.length === 0 || positionals.includes(word)
}

let failed = false
function tell(name: string, { facts, wrongs }: Found): void {
  const told = Object.entries(facts).map(([what, value]) => `${what}: ${short(value)}`)
  const lost = wrongs.length === 0 ? 'nothing missing, nothing twice' : `${wrongs.length} WRONG`
  console.log(`| ${name}, ${size.toLocaleString('en')} | ${told.join(', ')} | ${lost} |`)
  for (const wrong of wrongs.slice(0, WRONGS_SHOWN)) console.log(`- ${wrong}`)
  failed ||= wrongs.length > 0
}

if (isWanted('cuts')) tell('cut every 15 s, 2 s away', await cuts(size, seconds, pin))
if (isWanted('restart')) {
  for (const one of RESTARTS.slice(0, values.short ? 1 : undefined)) {
    tell(`restart, ${one.ending}, admission ${one.admission}`, await restart(one, pin))
  }
}
process.exit(failed ? 1 : 0)
