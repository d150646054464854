// A primary of Redis, a replica of it, and the Sentinels that make the replica the primary.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { startProgram, type Teardown } from './program.ts'
import { type RedisServer, redisProgram, startRedis, tell } from './redis-server.ts'

export interface Watched {
  primary: RedisServer
  replica: RedisServer
  url: string
  /** Makes another one a primary that all Sentinels name, while the present one goes on. */
  name(server: RedisServer): Promise<void>
}

const NAME = 'usher'
/** A replica is synchronized at once, and not after some seconds. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0']
/**
 * In milliseconds, where they have some seconds. A replica that was silent for five times the ping
 * period does not become the primary, so a busy machine must have time for that.
 */
const IMPATIENT = Object.entries({
  'info-period': 100,
  'ping-period': 200,
  'ask-period': 50,
  'publish-period': 50,
}).flat()

export async function startWatched(t: Teardown, sentinels = 1): Promise<Watched> {
  const primary = await startRedis(t, AT_ONCE)
  const replica = await startRedis(t, [...AT_ONCE, '--replicaof', '127.0.0.1', `${primary.port}`])
  const quorum = Math.floor(sentinels / 2) + 1
  const ports: number[] = []
  for (let count = 0; count < sentinels; count += 1) {
    ports.push(await startSentinel(t, primary.port, quorum))
  }
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  const name = async ({ port }: RedisServer) => {
    for (const sentinel of ports) await tell(sentinel, 'SENTINEL', 'REMOVE', NAME)
    // Not before: a Sentinel makes a replica again what becomes a primary without its doing.
    await tell(port, 'REPLICAOF', 'NO', 'ONE')
    for (const sentinel of ports) {
      await tell(sentinel, 'SENTINEL', 'MONITOR', NAME, '127.0.0.1', `${port}`, `${quorum}`)
    }
  }
  return { primary, replica, url: `redis+sentinel://${hosts}/${NAME}`, name }
}

async function startSentinel(t: Teardown, primary: number, quorum: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'usher-sentinel-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  await writeFile(
    file,
    `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor ${NAME} 127.0.0.1 ${primary} ${quorum}
sentinel down-after-milliseconds ${NAME} 300
sentinel failover-timeout ${NAME} 1000
`,
  )
  const program = startProgram(t, { command: [redisProgram(), file, '--sentinel'], cwd: folder })
  await program.shows(/\+monitor/)
  await tell(port, 'SENTINEL', 'DEBUG', ...IMPATIENT.map(String))
  await program.shows(/\+slave /)
  return port
}
