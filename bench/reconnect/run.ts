// npm run bench:reconnect -- [cuts|restart ...] [--size N] [--seconds N] [--short]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { cuts } from './cuts.ts'
import { linesOf, type Report } from './report.ts'
import { type Restart, restart } from './restart.ts'

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
  { size, ending: 'orderly', admission: 'raised' },
  { size, ending: 'kill -9', admission: 'raised' },
  { size, ending: 'orderly', admission: 'default' },
]

/** The server has a core of its own, and we have another. */
function pinned(): string[] {
  const { status } = spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)])
  return status === 0 ? ['taskset', '-c', '0'] : []
}

function isWanted(word: string): boolean {
  return positionals.length === 0 || positionals.includes(word)
}

let failed = false
function tell(report: Report): void {
  console.log(linesOf(report).join('\n'))
  failed ||= report.wrongs.length > 0
}

if (isWanted('cuts')) tell(await cuts(size, seconds, pin))
if (isWanted('restart'))
  for (const one of values.short ? RESTARTS.slice(1, 2) : RESTARTS) tell(await restart(one, pin))
process.exit(failed ? 1 : 0)
