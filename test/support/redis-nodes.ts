// Nodes on one Redis: what each tells the others, without accounts and messages.
import type { Engine } from '../../src/engine/engine.ts'
import { Keys } from '../../src/engine/redis/keys.ts'
import { type LeaseTimes, NodeLease } from '../../src/engine/redis/node-lease.ts'
import { RedisPresence } from '../../src/engine/redis/presence.ts'
import { RedisRevocations } from '../../src/engine/redis/revocations.ts'
import { SingleLink } from '../../src/engine/redis/single-link.ts'
import { RedisUplinks } from '../../src/engine/redis/uplinks.ts'
import type { Clock } from '../../src/time/clock.ts'
import { systemRandom } from '../../src/time/random.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import type { OpenShared, Subject } from '../contract/support/suite-setup.ts'
import { CutLink } from './cut-link.ts'
import type { Teardown } from './program.ts'
import type { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

export interface RedisNodeParts {
  url: string
  prefix: string
  clock?: Clock
  times?: LeaseTimes
  settleMs?: number
}

export class RedisNode {
  readonly link: CutLink
  readonly keys: Keys
  readonly lease: NodeLease
  readonly revocations: RedisRevocations
  readonly uplinks: RedisUplinks
  readonly presence: RedisPresence
  readonly #parts: RedisNodeParts
  readonly #open: () => Promise<void>
  #isClosed = false

  constructor(parts: RedisNodeParts) {
    const { url, prefix, clock = systemClock, times, settleMs } = parts
    const settle = settleMs === undefined ? {} : { settleMs }
    const single = new SingleLink({ url, clock: systemClock, random: systemRandom })
    this.#parts = parts
    this.#open = () => single.open()
    this.link = new CutLink(single)
    this.keys = new Keys(prefix)
    const common = { link: this.link, keys: this.keys, clock, random: systemRandom }
    this.lease = new NodeLease({ ...common, ...(times && { times }) })
    this.revocations = new RedisRevocations(common)
    this.uplinks = new RedisUplinks({ ...common, lease: this.lease })
    this.presence = new RedisPresence({ ...common, lease: this.lease, ...settle })
  }

  get node(): string {
    return this.lease.node
  }

  async open(): Promise<this> {
    await this.#open()
    await this.uplinks.open()
    await this.lease.open()
    await this.revocations.open()
    return this
  }

  /** One more node that shares with it, and ends with the test. */
  async another(t: Teardown): Promise<RedisNode> {
    const node = new RedisNode(this.#parts)
    t.teardown(() => node.close())
    return node.open()
  }

  /** As if no renewal had come in time; resolves when the node has another id. */
  async lapse(): Promise<void> {
    const leases = this.keys.shared('{nodes}:leases')
    await this.link.send(leases, ['ZREM', leases, this.node])
    await this.lease.renew()
    await until(() => this.presence.isSure, { what: 'its entries are there again' })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.lease.close()
    await this.die()
  }

  /** Ends it without a word to the others. */
  async die(): Promise<void> {
    this.#isClosed = true
    this.lease.stop()
    this.revocations.close()
    this.uplinks.close()
    this.presence.close()
    await this.link.close()
  }
}

let prefixes = 0

export interface RedisSubject {
  /** Two nodes that share, and end with the test. */
  openNodes(t: Teardown, parts?: Partial<RedisNodeParts>): Promise<readonly [RedisNode, RedisNode]>
  /** For the contracts; as engines the nodes have only their own parts. */
  subject: Subject
}

export function redisSubject(redis: RedisServer): RedisSubject {
  const openNodes: RedisSubject['openNodes'] = async (t, parts) => {
    prefixes += 1
    const node = new RedisNode({ url: redis.url, prefix: `t${prefixes}:`, ...parts })
    t.teardown(() => node.close())
    await node.open()
    return [node, await node.another(t)]
  }
  return {
    openNodes,
    subject: {
      openShared: async (t) => (await openNodes(t)) as unknown as Awaited<ReturnType<OpenShared>>,
      openWithin: null,
      lapse: (engine) => nodeOf(engine).lapse(),
      cutOff: (engine) => nodeOf(engine).link.cut(),
    },
  }
}

function nodeOf(engine: Engine): RedisNode {
  return engine as unknown as RedisNode
}
