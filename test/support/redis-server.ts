// A real Redis server for a test, in a folder of its own, on loopback. It can be killed, held up,
// and started again with or without what it kept.
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, PROGRAMS } from '../../scripts/programs.ts'
import type { Reply } from '../../src/engine/redis/link.ts'
import { RespWire } from '../../src/engine/redis/resp-wire.ts'
import { freePort } from './free-port.ts'
import { Program, type Teardown } from './program.ts'

/** What a durable Redis is set to: every write is on disk before its answer. */
export const EVERY_WRITE = ['--appendonly', 'yes', '--appendfsync', 'always']

/** Every second it is: a machine that stops loses what came since. */
export const EVERY_SECOND = ['--appendonly', 'yes', '--appendfsync', 'everysec']

/** Sets a server to EVERY_WRITE while it runs. */
export async function keepEachWrite({ port }: Pick<RedisServer, 'port'>): Promise<void> {
  await tell(port, 'CONFIG', 'SET', 'appendonly', 'yes')
  await tell(port, 'CONFIG', 'SET', 'appendfsync', 'always')
}

const OPEN = { tls: false, username: undefined, password: undefined }

/** The path of the server. USHER_TEST_REDIS may name another one, such as that of Valkey. */
export function redisProgram(): string {
  const path = process.env.USHER_TEST_REDIS || findProgram(PROGRAMS.redis)
  if (path === null) throw new Error('redis-server is not installed: run `npm run pretest`.')
  return path
}

/** Sends one command to the server at this port, on a connection of its own. */
export async function tell(port: number, ...command: readonly string[]): Promise<Reply> {
  const wire = new RespWire({ host: '127.0.0.1', port }, OPEN)
  wire.on('error', () => {})
  await wire.connect()
  try {
    return await wire.sendCommand(command)
  } finally {
    wire.destroy()
  }
}

export class RedisServer {
  readonly folder: string
  readonly port: number
  readonly #settings: readonly string[]
  #program: Program | null = null

  constructor(folder: string, port: number, settings: readonly string[]) {
    this.folder = folder
    this.port = port
    this.#settings = settings
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder]
    this.#program = new Program({
      command: [redisProgram(), ...own, '--save', '', ...this.#settings],
      cwd: this.folder,
    })
    await this.#program.shows(/Ready to accept connections/)
  }

  tell(...command: readonly string[]): Promise<Reply> {
    return tell(this.port, ...command)
  }

  signal(signal: NodeJS.Signals): void {
    this.#program?.signal(signal)
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#program?.ended
    this.#program = null
  }

  /**
   * Loses the newest bytes of its log, at most so many, as a machine that stopped does with what
   * was not synced. It MUST NOT run.
   */
  async forgetNewest(bytes: number): Promise<void> {
    const folder = join(this.folder, 'appendonlydir')
    const number = (name: string) => Number(name.split('.').at(-3))
    const logs = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof'))
    const newest = logs.toSorted((one, other) => number(one) - number(other)).at(-1)
    if (newest === undefined) throw new Error('Redis has no log to lose anything of')
    const path = join(folder, newest)
    await truncate(path, Math.max(0, (await stat(path)).size - bytes))
  }

  /** What another Redis finds in its folder. It MUST NOT run, and runs as before afterwards. */
  async readOnDisk<T>(port: number, read: (redis: RedisServer) => Promise<T>): Promise<T> {
    const reader = new RedisServer(this.folder, port, this.#settings)
    await reader.start()
    try {
      return await read(reader)
    } finally {
      await reader.kill()
    }
  }

  /** Deletes what it keeps on disk. It MUST NOT run. */
  async forget(): Promise<void> {
    await rm(join(this.folder, 'appendonlydir'), { recursive: true, force: true })
    await rm(join(this.folder, 'dump.rdb'), { force: true })
  }
}

/** Starts one that ends with the test. */
export async function startRedis(
  t: Teardown,
  settings: readonly string[] = [],
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'usher-redis-'))
  const redis = new RedisServer(folder, await freePort(), settings)
  t.teardown(async () => {
    await redis.kill()
    await rm(folder, { recursive: true, force: true })
  })
  await redis.start()
  return redis
}
