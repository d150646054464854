// Services of two nodes on one Redis, which is started for each of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { freePort } from '../../test/support/free-port.ts'
import type { Opening } from '../load/orders.ts'
import { ServerProcess } from '../servers/process.ts'

const KEY = 'bench-key-of-twenty-four-characters-and-more'
const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
const SOCKET_IO = fileURLToPath(new URL('../controls/socket-io-nodes.ts', import.meta.url))
const RULES = [
  { match: 'bench:*', history: false },
  { match: 'stored:*', history: { messages: 10_000 } },
]
const TICKS_PER_SECOND = 100

export interface Service {
  readonly nodes: readonly ServerProcess[]
  readonly redis: Redis
  /** Adds path, headers and speech. */
  into(opening: Opening): Opening
  end(): Promise<void>
}

export const SERVICES: Readonly<Record<string, () => Promise<Service>>> = {
  'usher, ephemeral': () => usher('bench'),
  'usher, stored': () => usher('stored'),
  'socket.io, Redis adapter': () => socketIo('pubsub'),
  'socket.io, streams adapter': () => socketIo('streams'),
}

/** A Redis that keeps a log of what it is told, synced each second, as most are set. */
export class Redis {
  readonly port: number
  readonly #pid: number
  readonly end: () => Promise<void>

  private constructor(port: number, pid: number, end: () => Promise<void>) {
    this.port = port
    this.#pid = pid
    this.end = end
  }

  static async start(): Promise<Redis> {
    const folder = await mkdtemp(join(tmpdir(), 'usher-bench-redis-'))
    const port = await freePort()
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const child = spawn('redis-server', [...settings, '--appendonly', 'yes'])
    for await (const text of child.stdout) if (/Ready to accept/.test(String(text))) break
    child.stdout.resume()
    return new Redis(port, child.pid ?? 0, async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    })
  }

  /** All of its CPU time so far. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  }
}

async function usher(pattern: string): Promise<Service> {
  const redis = await Redis.start()
  const folder = await mkdtemp(join(tmpdir(), 'usher-bench-nodes-'))
  const rules = join(folder, 'rules.json')
  const limits = Object.fromEntries(Object.keys(DEFAULT_LIMITS).map((name) => [name, null]))
  const kept = {
    messageBytes: DEFAULT_LIMITS.messageBytes,
    commandBytes: DEFAULT_LIMITS.commandBytes,
  }
  const bounds = { outboxBytes: DEFAULT_LIMITS.outboxBytes, outboxSeconds: 15, ...kept }
  await writeFile(rules, JSON.stringify({ rooms: RULES, limits: { ...limits, ...bounds } }))
  const env = {
    ...{ PORT: '0', USHER_CONFIG: rules, USHER_API_KEYS: `bench:${KEY}`, USHER_DRAIN_SECONDS: '1' },
    USHER_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    USHER_SECRET: 'a-root-secret-for-a-benchmark-on-two-nodes',
  }
  return service(redis, [process.execPath, SERVER], env, (opening) => ({
    ...opening,
    path: `/rooms/${pattern}:${opening.rooms[0] ?? 0}`,
    headers: { authorization: `Bearer ${KEY}` },
  }))
}

async function socketIo(adapter: string): Promise<Service> {
  const redis = await Redis.start()
  const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}`, ADAPTER: adapter }
  return service(redis, [process.execPath, SOCKET_IO], env, (opening) => ({
    ...opening,
    speech: 'socket.io',
    path: `/socket.io/?EIO=4&transport=websocket&room=${opening.rooms[0] ?? 0}`,
  }))
}

async function service(
  redis: Redis,
  command: readonly string[],
  env: Record<string, string>,
  into: Service['into'],
): Promise<Service> {
  const start = () => ServerProcess.start([], { command, env, hasProbe: false })
  const nodes = await Promise.all([start(), start()])
  return {
    ...{ nodes, redis, into },
    async end() {
      await Promise.all(nodes.map((node) => node.end('SIGKILL')))
      await redis.end()
    },
  }
}
