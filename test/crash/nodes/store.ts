// The Redis of a service: one server, a primary with a replica that three Sentinels watch, or a
// Cluster of three primaries.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { type RedisCluster, startCluster } from '../../support/redis-cluster.ts'
import { startWatched } from '../../support/redis-sentinels.ts'
import { EVERY_SECOND, EVERY_WRITE, RedisServer } from '../../support/redis-server.ts'

/** What Redis is set to: `disk` keeps every write that was answered. */
export type Durability = 'disk' | 'second'

export const KINDS = ['single', 'sentinel', 'cluster'] as const
export type Kind = (typeof KINDS)[number]

export interface Pair {
  primary: RedisServer
  replica: RedisServer
}

export class Store {
  readonly url: string
  /** The other two are null. */
  readonly single: RedisServer | null = null
  /** They change places. */
  readonly pair: Pair | null = null
  readonly cluster: RedisCluster | null = null
  readonly #ends: (() => unknown)[]

  private constructor(
    ends: (() => unknown)[],
    redis: RedisServer | Pair | RedisCluster,
    url: string,
  ) {
    this.#ends = ends
    this.url = url
    if (redis instanceof RedisServer) this.single = redis
    else if ('primary' in redis) this.pair = redis
    else this.cluster = redis
  }

  static async start(kind: Kind, durability: Durability): Promise<Store> {
    const ends: (() => unknown)[] = []
    const t = { teardown: (end: () => unknown) => ends.push(end) }
    if (kind === 'cluster') {
      const cluster = await startCluster(t)
      return new Store(ends, cluster, cluster.url)
    }
    if (kind === 'sentinel') {
      const { primary, replica, url } = await startWatched(t, 3)
      return new Store(ends, { primary, replica }, url)
    }
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'usher-redis-'))
    const settings = durability === 'disk' ? EVERY_WRITE : EVERY_SECOND
    const redis = new RedisServer(folder, await freePort(), settings)
    t.teardown(async () => {
      await redis.kill()
      rmSync(folder, { recursive: true, force: true })
    })
    await redis.start()
    return new Store(ends, redis, redis.url)
  }

  async remove(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
  }
}
