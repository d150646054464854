// Services of two nodes on one Redis, which is started for each of them.
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import type { Opening } from '../load/orders.ts'
import { ServerProcess } from '../servers/process.ts'
import { Redis } from './redis-server.ts'

const KEY = 'bench-key-of-twenty-four-characters-and-more'
const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url))
const SOCKET_IO = fileURLToPath(new URL('../controls/socket-io-nodes.ts', import.meta.url))
const RULES = [
  { match: 'bench:*', history: false },
  { match: 'stored:*', history: { messages: 10_000 } },
]

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
