// A service of three nodes on a Redis. Each connection and request of a client goes to another
// node, as a proxy in front would send it.
import { Keys } from '../../../src/engine/redis/keys.ts'
import { STATE_FIELDS, stateIn } from '../../../src/engine/redis/log-state.ts'
import type { Dice } from '../../support/dice.ts'
import { freePort } from '../../support/free-port.ts'
import { asServer } from '../../support/people.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import type { Scene } from '../clients/run-parts.ts'
import type { Record } from '../record.ts'
import { ServiceNode } from './service-node.ts'
import { type Durability, type Kind, Store } from './store.ts'

const NODES = 3
const KEYS = new Keys('usher:')

export class Service {
  readonly store: Store
  readonly nodes: readonly ServiceNode[]

  private constructor(store: Store, nodes: readonly ServiceNode[]) {
    this.store = store
    this.nodes = nodes
  }

  /** Where it is one server. */
  get redis(): RedisServer {
    if (this.store.single === null) throw new Error('Redis is more than one server here')
    return this.store.single
  }

  /** Resolves when all of it answers. */
  static async start(kind: Kind, durability: Durability): Promise<Service> {
    const store = await Store.start(kind, durability)
    const made = Array.from({ length: NODES }, () => ServiceNode.make(store))
    const service = new Service(store, await Promise.all(made))
    for (const node of service.nodes) node.spawn()
    await service.ready()
    return service
  }

  async ready(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.ready()))
  }

  /** One more node, that knows nothing of the rooms; it lives as long as `use`. */
  async withOutsider(use: (node: ServiceNode) => Promise<void>): Promise<void> {
    const outsider = await ServiceNode.make(this.store)
    try {
      outsider.spawn()
      await outsider.ready()
      await use(outsider)
    } finally {
      await outsider.remove()
    }
  }

  /** The newest offset that Redis has kept of each room on disk. It MUST NOT run. */
  async keptOffsets(rooms: readonly string[]): Promise<readonly number[]> {
    return this.redis.readOnDisk(await freePort(), (redis) => this.offsetsIn(redis, rooms))
  }

  /** The newest offset of each room. */
  offsetsIn(redis: RedisServer, rooms: readonly string[]): Promise<readonly number[]> {
    const offsetOf = async (room: string) =>
      stateIn(await redis.tell('HMGET', this.keyOf(room), ...STATE_FIELDS), '', '').offset
    return Promise.all(rooms.map(offsetOf))
  }

  /** Of the hash in which the room is. */
  keyOf(room: string): string {
    return KEYS.room(room, 'm')
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
    await this.store.remove()
  }
}
