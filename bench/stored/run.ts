// Publishes kept on disk at the engine's port, beside controls in the same run: medians of rounds.
// npm run bench:stored -- [--rounds N] [--seconds N] [--tree PATH ...] [--short]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { middle } from '../median.ts'

interface Row {
  name: string
  inFlight: number
  rooms: number
  keyed: number
  noFsync: boolean
  /** The checkout whose engine is measured, by its own `publisher.ts`. */
  tree: string
}

interface Figures {
  perSecond: number
  cpuMicros: number
  delayP99: number
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    tree: { type: 'string', multiple: true, default: [] },
    short: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const seconds = Number(values.seconds ?? (values.short ? 1 : 5))
const here = resolve(import.meta.dirname, '../..')
const many = { inFlight: 1_000, rooms: 1, keyed: 0.5, noFsync: false, tree: here }
const OTHERS = values.tree.map((path) => ({
  ...many,
  ...{ name: `the same in ${basename(resolve(path))}`, tree: resolve(path) },
}))
const ROWS: readonly Row[] = [
  { name: 'half with keys, one room', ...many },
  ...OTHERS,
  { name: 'the same without fsync', ...many, noFsync: true },
  { name: 'one commit per message', ...many, inFlight: 1 },
  { name: 'no keys', ...many, keyed: 0 },
  { name: 'all with keys', ...many, keyed: 1 },
  { name: 'half with keys, 1,000 rooms', ...many, rooms: 1_000 },
]
const wanted = values.short ? ROWS.slice(0, 1 + OTHERS.length) : ROWS

const scratch = mkdtempSync(join(tmpdir(), 'usher-stored-'))
const shim = join(scratch, 'no-fsync.so')
const source = join(import.meta.dirname, 'no-fsync.c')

try {
  spawnSync('gcc', ['-O2', '-shared', '-fPIC', '-o', shim, source], { stdio: 'inherit' })
  print(measure(wanted.filter(({ noFsync }) => !noFsync || existsSync(shim))))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** Rounds go over all rows in turn, so that a slow minute of the machine hits all alike. */
function measure(rows: readonly Row[]): Map<string, Figures[]> {
  const figures = new Map<string, Figures[]>(rows.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const row of rows) figures.get(row.name)?.push(once(row, round))
  }
  return figures
}

function once({ name, inFlight, rooms, keyed, noFsync, tree }: Row, round: number): Figures {
  const folder = mkdtempSync(join(scratch, `${round}-`))
  const file = join(tree, 'bench/stored/publisher.ts')
  const args = [file, folder, inFlight, seconds, rooms, keyed].map(String)
  const env = noFsync ? { ...process.env, LD_PRELOAD: shim } : process.env
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  if (stdout === '') throw new Error(`${name}: ${stderr}`)
  return JSON.parse(stdout)
}

function print(figures: Map<string, Figures[]>): void {
  console.log('| publishes of 200 B | kept per second | spread | ratio | CPU µs each | p99 ms |')
  console.log('|---|---|---|---|---|---|')
  const [first] = [...figures.values()].map((all) => column(all, 'perSecond'))
  for (const [name, all] of figures) {
    const rates = all.map(({ perSecond }) => perSecond)
    const cells = [
      name,
      whole(column(all, 'perSecond')),
      `${whole(Math.min(...rates))} to ${whole(Math.max(...rates))}`,
      ((first ?? 0) / column(all, 'perSecond')).toFixed(2),
      column(all, 'cpuMicros').toFixed(1),
      column(all, 'delayP99').toFixed(2),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
  console.log('p99: the delay of the event loop meanwhile.')
}

function column(all: readonly Figures[], name: keyof Figures): number {
  return middle(all.map((one) => one[name])) ?? Number.NaN
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
