// npm run bench:away -- [cuts|restart ...] [--size N] [--seconds N]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { cuts } from './cuts.ts'
import { linesOf, type Report } from './report.ts'
import { type Restart, restart } from './restart.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
  },
})
const size = Number(values.size)
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

if (isWanted('cuts')) tell(await cuts(size, Number(values.seconds), pin))
if (isWanted('restart')) for (const one of RESTARTS) tell(await restart(one, pin))
process.exit(failed ? 1 : 0)
