// A real Redis server for a test, in a folder of its own, on loopback. It can be killed, held up,
// and started again with or without what it kept.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, PROGRAMS } from '../../scripts/programs.ts'
import { freePort } from './free-port.ts'
import { Program, type Teardown } from './program.ts'

/** What a durable Redis is set to: every write is on disk before its answer. */
export const EVERY_WRITE = ['--appendonly', 'yes', '--appendfsync', 'always']

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
    const path = findProgram(PROGRAMS.redis)
    if (path === null) throw new Error('redis-server is not installed: run `npm run pretest`.')
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder]
    this.#program = new Program({
      command: [path, ...own, '--save', '', ...this.#settings],
      cwd: this.folder,
    })
    await this.#program.shows(/Ready to accept connections/)
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
