// CPU time per connection and turn of connections in many rooms: the ways interleaved in rounds.
// npm run bench:gathered -- [--short] [--rounds N] [--connections N]
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep, setImmediate as turnOver } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Rooms } from '../../src/room/rooms.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { ephemeralLog } from '../../test/support/ephemeral-log.ts'
import { fileIn } from '../servers/contender.ts'
import { CountingSocket, joinAll, RULE, type Way } from './ways.ts'

/** Gathered, beside one room with ten times the bytes. */
const BUDGET = 1.5
/** CI fails where the budget is missed by more than this factor. */
const FAR = 2
const TURNS = 20
const WARM_ROUNDS = 3
const GONE_MS = 10_000
const LOOK_MS = 20

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    connections: { type: 'string', default: '1000' },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 5 : 40))
const connections = Number(values.connections)

const isPinned = spawnSync('taskset', ['-a', '-cp', '0', String(process.pid)]).status === 0
const log = ephemeralLog(systemClock)
const rooms = new Rooms({ log, clock: systemClock, rules: [RULE] })

const { readers, sockets } = await connectAll()
const ways = await joinAll(rooms, sockets)
const micros = new Map<Way, number[]>(ways.map((way) => [way, []]))
for (let round = -WARM_ROUNDS; round < rounds; round += 1) {
  for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
    const took = await measure(way)
    if (round >= 0) micros.get(way)?.push(took)
  }
}
readers.kill('SIGKILL')
process.exit(report() ? 0 : 1)

async function connectAll() {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1', connections)
  await once(server, 'listening')
  const sockets: CountingSocket[] = []
  const all = Promise.withResolvers<void>()
  server.on('connection', (tcp) => {
    sockets.push(new CountingSocket(tcp))
    if (sockets.length === connections) all.resolve()
  })
  const { port } = server.address() as AddressInfo
  const pin = isPinned ? ['taskset', '-c', '1'] : []
  const command = [...pin, process.execPath, fileIn('../gathered/readers.ts'), port, connections]
  const [program = '', ...args] = command.map(String)
  const readers = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await all.promise
  return { readers, sockets }
}

/** CPU microseconds per connection and turn, over some turns; resolves when all has come. */
async function measure({ rooms: names, size, bytesEach }: Way): Promise<number> {
  const payload = Buffer.alloc(size, 'x')
  const draft = { kind: 'text', payload, user: null, origin: null } as const
  const began = CountingSocket.written
  const before = process.cpuUsage()
  for (let turn = 1; turn <= TURNS; turn += 1) {
    for (const room of names) await log.append(room, draft, { retention: null, key: null })
    const due = began + turn * connections * bytesEach
    while (CountingSocket.written < due) await turnOver()
  }
  const { user, system } = process.cpuUsage(before)
  await allHaveCome(readers)
  return (user + system) / TURNS / connections
}

async function allHaveCome(readers: ChildProcess): Promise<void> {
  const giveUp = performance.now() + GONE_MS
  for (let came = 0; came !== CountingSocket.written; await sleep(LOOK_MS)) {
    const answer = once(readers, 'message')
    readers.send('bytes')
    came = (await answer)[0] as number
    if (performance.now() > giveUp) {
      throw new Error(`${CountingSocket.written} bytes were written and ${came} came`)
    }
  }
}

/** Whether the budget is kept, as far as CI insists on it. */
function report(): boolean {
  const [one, ...tenRooms] = [...micros].map(([way, all]) => ({ way, ...quarters(all) }))
  if (one === undefined) return false
  console.log('| CPU µs per connection and turn | p25 | p50 | ÷ one room |')
  console.log('|---|---|---|---|')
  for (const { way, p25, p50 } of [one, ...tenRooms]) {
    const cells = [way.title, p25.toFixed(2), p50.toFixed(2), (p50 / one.p50).toFixed(2)]
    console.log(`| ${cells.join(' | ')} |`)
  }
  const gathered = tenRooms.find(({ way }) => way.name === 'gathered')
  if (gathered === undefined) return true
  const ratio = gathered.p50 / one.p50
  const word = ratio <= BUDGET ? 'met' : 'MISSED'
  console.log(`- ${word}: gathered at most ${BUDGET} × one room: ${ratio.toFixed(2)}`)
  return !values.short || ratio <= BUDGET * FAR
}

function quarters(values: readonly number[]): { p25: number; p50: number } {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share: number): number =>
    sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
  return { p25: at(0.25), p50: at(0.5) }
}
