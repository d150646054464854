// A service of three nodes on a Redis that keeps every write, or may lose the last ones. Each
// connection and request of a client goes to another node, as a proxy in front would send it.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { STATE_FIELDS, stateIn } from '../../../src/engine/redis/log-state.ts'
import type { Dice } from '../../support/dice.ts'
import { freePort } from '../../support/free-port.ts'
import { asServer } from '../../support/people.ts'
import { EVERY_SECOND, EVERY_WRITE, RedisServer } from '../../support/redis-server.ts'
import type { Scene } from '../clients/run-parts.ts'
import type { Record } from '../record.ts'
import { ServiceNode } from './service-node.ts'

const NODES = 3
const KEYS = new Keys('usher:')

/** What Redis is set to: `disk` keeps every write that was answered. */
export type Durability = 'disk' | 'second'

export class Service {
  readonly redis: RedisServer
  readonly nodes: readonly ServiceNode[]

  private constructor(redis: RedisServer, nodes: readonly ServiceNode[]) {
    this.redis = redis
    this.nodes = nodes
  }

  /** Resolves when all of it answers. */
  static async start(durability: Durability): Promise<Service> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'usher-redis-'))
    const settings = durability === 'disk' ? EVERY_WRITE : EVERY_SECOND
    const redis = new RedisServer(folder, await freePort(), settings)
    await redis.start()
    const made = Array.from({ length: NODES }, () => ServiceNode.make(redis.port))
    const service = new Service(redis, await Promise.all(made))
    for (const node of service.nodes) node.spawn()
    await service.ready()
    return service
  }

  async ready(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.ready()))
  }

  /** One more node, that knows nothing of the rooms; it lives as long as `use`. */
  async withOutsider(use: (node: ServiceNode) => Promise<void>): Promise<void> {
    const outsider = await ServiceNode.make(this.redis.port)
    try {
      outsider.spawn()
      await outsider.ready()
      await use(outsider)
    } finally {
      await outsider.remove()
    }
  }

  /** The newest offset that Redis has kept of each room. It MUST NOT run. */
  async keptOffsets(rooms: readonly string[]): Promise<readonly number[]> {
    const offsetIn = async (redis: RedisServer, room: string) =>
      stateIn(await redis.tell('HMGET', KEYS.room(room, 'm'), ...STATE_FIELDS), '', '').offset
    return this.redis.readOnDisk(await freePort(), (redis) =>
      Promise.all(rooms.map((room) => offsetIn(redis, room))),
    )
  }

  /** What clients see of it; `dice` chooses their nodes. */
  scene(record: Record, dice: Dice, nodeDice: Dice): Scene {
    const next = (): ServiceNode => {
      const up = this.nodes.filter(({ isUp }) => isUp)
      return nodeDice.pick(up.length > 0 ? up : this.nodes)
    }
    return {
      ...{ record, dice, authorization: asServer.authorization },
      get port() {
        return next().port
      },
      get url() {
        return next().url
      },
    }
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()))
    await this.redis.kill()
    rmSync(this.redis.folder, { recursive: true, force: true })
  }
}
