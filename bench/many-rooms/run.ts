// CPU time per connection and turn of connections in many rooms: the ways interleaved in rounds.
// npm run bench:many-rooms -- [--short] [--rounds N] [--connections N]
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep, setImmediate as turnOver } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Connection } from '../../src/connection/connection.ts'
import { ConnectionRegistry } from '../../src/connection/registry.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { DEFAULT_HEARTBEAT, DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { ephemeralLog } from '../../test/support/ephemeral-log.ts'
import { sharesWithin } from '../../test/support/memory-shares.ts'
import { fileIn } from '../servers/contender.ts'
import { CountingSocket, joinAll, RULE, WAYS, type Way } from './delivery-strategies.ts'

/** CPU time of gathered writes at most, as a multiple of one room with ten times the bytes. */
const BUDGET = 1.5
/** CI fails where the budget is missed by more than this factor. */
const FAR = 2
/** No bounds: all connections come from one address. */
const NO_BOUNDS = { connectionsPerAddress: null, pendingPerAddress: null, pendingConnections: null }
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
const count = Number(values.connections)

const isPinned = spawnSync('taskset', ['-a', '-cp', '0', String(process.pid)]).status === 0
const log = ephemeralLog(systemClock)
const shares = sharesWithin(NO_BOUNDS, systemClock)
const rooms = new Rooms({ log, clock: systemClock, shares, rules: [RULE] })

const { readers, sockets } = await connectAll()
await joinAll(rooms, connectionsOn(sockets))
const micros = new Map<Way, number[]>(WAYS.map((way) => [way, []]))
for (let round = -WARM_ROUNDS; round < rounds; round += 1) {
  for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
    const took = await measure(way)
    if (round >= 0) micros.get(way)?.push(took)
  }
}
readers.kill('SIGKILL')
process.exit(report() ? 0 : 1)

async function connectAll() {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1', count)
  await once(server, 'listening')
  const sockets: CountingSocket[] = []
  const all = Promise.withResolvers<void>()
  server.on('connection', (tcp) => {
    sockets.push(new CountingSocket(tcp))
    if (sockets.length === count) all.resolve()
  })
  const { port } = server.address() as AddressInfo
  const pin = isPinned ? ['taskset', '-c', '1'] : []
  const command = [...pin, process.execPath, fileIn('../many-rooms/reader-process.ts'), port, count]
  const [program = '', ...args] = command.map(String)
  const readers = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await all.promise
  return { readers, sockets }
}

function connectionsOn(sockets: readonly CountingSocket[]): Connection[] {
  const connections = new ConnectionRegistry({
    ...{ clock: systemClock, limits: DEFAULT_LIMITS, heartbeat: DEFAULT_HEARTBEAT },
    ...{ scheduler: rooms.scheduler, node: () => 'node' },
    shares,
    onFault: (_, error) => {
      throw error
    },
  })
  return sockets.map((socket) => {
    const seat = connections.connectionLimits.take('127.0.0.1', systemClock.elapsed())
    return new Connection({ connections, socket, seat })
  })
}

/** CPU microseconds per connection and turn, over some turns; resolves when all bytes have come. */
async function measure({ rooms: names, size, bytesEach }: Way): Promise<number> {
  const payload = Buffer.alloc(size, 'x')
  const draft = { kind: 'text', payload, user: null, name: null, origin: null } as const
  const began = CountingSocket.written
  const before = process.cpuUsage()
  for (let turn = 1; turn <= TURNS; turn += 1) {
    for (const room of names)
      await log.append(room, draft, { retention: null, key: null, holder: NO_HOLDER })
    const due = began + turn * count * bytesEach
    while (CountingSocket.written < due) await turnOver()
  }
  const { user, system } = process.cpuUsage(before)
  await allHaveCome(readers)
  return (user + system) / TURNS / count
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

/** Prints the table; false when the budget is missed by as much as fails the short form. */
function report(): boolean {
  const figures = [...micros].map(([way, all]) => ({ way, ...quarters(all) }))
  const [one, , gathered] = figures
  if (!one || !gathered) return false
  console.log('| CPU µs per connection and turn | p25 | p50 | ÷ one room |')
  console.log('|---|---|---|---|')
  for (const { way, p25, p50 } of figures) {
    const cells = [way.title, p25.toFixed(2), p50.toFixed(2), (p50 / one.p50).toFixed(2)]
    console.log(`| ${cells.join(' | ')} |`)
  }
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
