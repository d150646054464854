// What Redis adds to one node, each beside the same without it, in turn.
// npm run bench:redis -- [connect|stored|rooms|elsewhere ...] [--short] [--rounds N]
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { middle } from '../median.ts'
import { short } from '../table.ts'
import { connects } from './connects.ts'
import { elsewhere } from './elsewhere.ts'
import { Redis } from './redis-server.ts'
import { type SmallRoomsKind, smallRooms } from './small-rooms.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, rounds: { type: 'string' } },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 5))
const seconds = values.short ? 2 : 4
const scale = { seconds, warmSeconds: 1, crowd: values.short ? 0.5 : 1 }
const APPEND = fileURLToPath(new URL('append.ts', import.meta.url))
/** The engine's stored publishes a second, divided by those of the bare script. */
const STORED_MIN = 0.7

type Figures = Readonly<Record<string, number>>
type Rows = Readonly<Record<string, () => Promise<Figures>>>

function isWanted(part: string): boolean {
  return positionals.length === 0 || positionals.includes(part)
}

/** Rounds go over all rows in turn, every other one backwards; gives and prints the medians. */
async function measure(title: string, rows: Rows): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures[]>(Object.keys(rows).map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const names = Object.keys(rows)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const figures = await rows[name]?.()
      if (figures) found.get(name)?.push(figures)
    }
  }
  const medians = new Map([...found].map(([name, all]) => [name, medianOf(all)]))
  const columns = Object.keys([...medians.values()][0] ?? {})
  console.log(`\n| ${[title, ...columns].join(' | ')} |\n|${'---|'.repeat(columns.length + 1)}`)
  for (const [name, figures] of medians) {
    const cells = columns.map((column) => short(figures[column] ?? null))
    console.log(`| ${[name, ...cells].join(' | ')} |`)
  }
  return medians
}

function medianOf(all: readonly Figures[]): Figures {
  const columns = Object.keys(all[0] ?? {})
  return Object.fromEntries(
    columns.map((column) => [column, middle(all.map((one) => one[column] ?? null)) ?? Number.NaN]),
  )
}

async function append(what: 'engine' | 'bare', keyed: number): Promise<Figures> {
  const redis = await Redis.start()
  const args = [APPEND, what, redis.port, 1_000, seconds, keyed].map(String)
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const before = await redis.cpuSeconds()
  let said = ''
  for await (const text of child.stdout) said += text
  const cpu = (await redis.cpuSeconds()) - before
  await redis.end()
  const { perSecond, cpuMicros, all } = JSON.parse(said)
  return { 'kept/s': perSecond, 'node µs': cpuMicros, 'Redis µs': (cpu / all) * 1e6 }
}

async function rooms(kind: Omit<SmallRoomsKind, 'perSecond'>): Promise<Figures> {
  const { nodeMicros, redisMicros, missing } = await smallRooms(
    { ...kind, perSecond: 1_000 },
    scale,
  )
  return { 'nodes µs/message': nodeMicros, 'Redis µs/message': redisMicros, missing }
}

if (isWanted('connect')) {
  const on = (engine: 'sqlite' | 'redis') => async () => ({ ...(await connects(engine, scale)) })
  const found = await measure('connect with a ticket', { SQLite: on('sqlite'), Redis: on('redis') })
  const [sqlite, redis] = [found.get('SQLite'), found.get('Redis')]
  const of = (name: string) => ((redis?.[name] ?? 0) / (sqlite?.[name] ?? 1)).toFixed(2)
  console.log(`\nRedis ÷ SQLite: rate ${of('perSecond')}, CPU of the node ${of('nodeMicros')}.`)
}
if (isWanted('stored')) {
  const found = await measure('stored publishes, 1,000 in flight', {
    'engine, half with keys': () => append('engine', 0.5),
    'bare script, half with keys': () => append('bare', 0.5),
    'engine, no keys': () => append('engine', 0),
    'bare script, no keys': () => append('bare', 0),
  })
  const [ours, theirs] = ['engine', 'bare script'].map(
    (name) => found.get(`${name}, half with keys`)?.['kept/s'] ?? Number.NaN,
  )
  const ratio = (ours ?? 0) / (theirs ?? 1)
  console.log(`\nEngine ÷ bare script: ${ratio.toFixed(2)}, budget ≥ ${STORED_MIN}.`)
  if (ratio < STORED_MIN / 2) process.exitCode = 1
}
if (isWanted('rooms')) {
  const one = { nodes: 1, members: 1 }
  const two = { nodes: 2, members: 1 }
  const ten = { nodes: 1, members: 10 }
  await measure('100 rooms, 4,000 messages/s', {
    'ephemeral, one member': () => rooms({ ...one, isStored: false }),
    'ephemeral, one member on each of two nodes': () => rooms({ ...two, isStored: false }),
    'ephemeral, ten members on one node': () => rooms({ ...ten, isStored: false }),
    'stored, one member': () => rooms({ ...one, isStored: true }),
    'stored, one member on each of two nodes': () => rooms({ ...two, isStored: true }),
    'stored, ten members on one node': () => rooms({ ...ten, isStored: true }),
  })
}
if (isWanted('elsewhere')) {
  const { here, elsewhere: there, sent } = await elsewhere()
  console.log(`\n${sent} messages: the node with members was sent ${here}, the other one ${there}.`)
  if (there > 0 || here < sent) process.exitCode = 1
}
process.exit()
