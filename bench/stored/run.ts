// Publishes kept on disk at the engine's port, beside controls in the same run: medians of rounds.
// npm run bench:stored -- [rounds] [seconds]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Row {
  name: string
  inFlight: number
  rooms: number
  keyed: number
  noFsync: boolean
}

interface Figures {
  perSecond: number
  cpuMicros: number
  delayP50: number
  delayP99: number
  delayMax: number
}

const [rounds = 5, seconds = 5] = process.argv.slice(2).map(Number)
const many = { inFlight: 1_000, rooms: 1, keyed: 0.5, noFsync: false }
const ROWS: readonly Row[] = [
  { name: 'half with keys, one room', ...many },
  { name: 'the same without fsync', ...many, noFsync: true },
  { name: 'one commit per message', ...many, inFlight: 1 },
  { name: 'no keys', ...many, keyed: 0 },
  { name: 'all with keys', ...many, keyed: 1 },
  { name: 'half with keys, 1,000 rooms', ...many, rooms: 1_000 },
]

const scratch = mkdtempSync(join(tmpdir(), 'usher-stored-'))
const shim = join(scratch, 'no-fsync.so')
const source = join(import.meta.dirname, 'no-fsync.c')
spawnSync('gcc', ['-O2', '-shared', '-fPIC', '-o', shim, source], { stdio: 'inherit' })

try {
  print(measure(ROWS.filter(({ noFsync }) => !noFsync || existsSync(shim))))
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

function once({ name, inFlight, rooms, keyed, noFsync }: Row, round: number): Figures {
  const folder = mkdtempSync(join(scratch, `${round}-`))
  const file = join(import.meta.dirname, 'publisher.ts')
  const args = [file, folder, inFlight, seconds, rooms, keyed].map(String)
  const env = noFsync ? { ...process.env, LD_PRELOAD: shim } : process.env
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  if (stdout === '') throw new Error(`${name}: ${stderr}`)
  return JSON.parse(stdout)
}

function print(figures: Map<string, Figures[]>): void {
  console.log('| publishes of 200 B | kept per second | ratio | CPU µs each | event loop p99 ms |')
  console.log('|---|---|---|---|---|')
  const first = middle([...figures.values()][0] ?? [], 'perSecond')
  for (const [name, all] of figures) {
    const perSecond = middle(all, 'perSecond')
    const cells = [
      name,
      Math.round(perSecond).toLocaleString('en'),
      (first / perSecond).toFixed(2),
      middle(all, 'cpuMicros').toFixed(1),
      middle(all, 'delayP99').toFixed(2),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

function middle(all: readonly Figures[], column: keyof Figures): number {
  const sorted = all.map((one) => one[column]).toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
