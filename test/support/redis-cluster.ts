// A real Redis Cluster on loopback: its primaries share the slots evenly, and each may have a
// replica. A slot can be moved while it is in use.
import { SLOTS } from '../../src/engine/redis/cluster-ranges.ts'
import { freePort } from './free-port.ts'
import type { Teardown } from './program.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { until } from './until.ts'

const HOST = '127.0.0.1'

export interface ClusterOptions {
  primaries?: number
  /** Whether each primary has one. */
  replicas?: boolean
}

export class RedisCluster {
  readonly primaries: readonly RedisServer[]
  readonly replicas: readonly RedisServer[]

  constructor(primaries: readonly RedisServer[], replicas: readonly RedisServer[]) {
    this.primaries = primaries
    this.replicas = replicas
  }

  get url(): string {
    return this.#at(0).url
  }

  /** Which primary was given this slot first. */
  firstOwnerOf(slot: number): RedisServer {
    return this.#at(Math.floor((slot * this.primaries.length) / SLOTS))
  }

  /** Begins to move a slot; `end` ends it. Between them the keys move by `moveKeys`. */
  async beginMove(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    await to.tell('CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', await idOf(from))
    await from.tell('CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', await idOf(to))
  }

  async moveKeys(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    const keys = await from.tell('CLUSTER', 'GETKEYSINSLOT', `${slot}`, '1000')
    const names = Array.isArray(keys) ? keys.map(String) : []
    if (names.length === 0) return
    await from.tell('MIGRATE', HOST, `${to.port}`, '', '0', '5000', 'KEYS', ...names)
  }

  async endMove(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    const id = await idOf(to)
    await to.tell('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', id)
    await from.tell('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', id)
  }

  #at(place: number): RedisServer {
    const primary = this.primaries[place]
    if (primary === undefined) throw new Error(`There is no primary ${place}.`)
    return primary
  }
}

export async function startCluster(
  t: Teardown,
  { primaries: count = 3, replicas: hasReplicas = false }: ClusterOptions = {},
): Promise<RedisCluster> {
  const total = hasReplicas ? 2 * count : count
  const nodes = await Promise.all(Array.from({ length: total }, () => startNode(t)))
  const servers = nodes.map(({ server }) => server)
  const primaries = servers.slice(0, count)
  const cluster = new RedisCluster(primaries, servers.slice(count))
  await Promise.all(
    primaries.map(async (primary, place) => {
      const first = Math.ceil((place * SLOTS) / count)
      const last = Math.ceil(((place + 1) * SLOTS) / count) - 1
      await primary.tell('CLUSTER', 'SET-CONFIG-EPOCH', `${place + 1}`)
      await primary.tell('CLUSTER', 'ADDSLOTSRANGE', `${first}`, `${last}`)
    }),
  )
  for (const server of servers) {
    for (const { server: other, bus } of nodes) {
      if (other !== server) await server.tell('CLUSTER', 'MEET', HOST, `${other.port}`, `${bus}`)
    }
  }
  await Promise.all(servers.map((server) => until(() => isWhole(server, total), WHOLE)))
  await Promise.all(cluster.replicas.map((replica, of) => follow(replica, primaries[of])))
  return cluster
}

/** Each takes two ports, which another program may take first: then it is tried with others. */
async function startNode(t: Teardown, tries = 3): Promise<{ server: RedisServer; bus: number }> {
  const bus = await freePort()
  try {
    return { server: await startRedis(t, settingsOf(bus)), bus }
  } catch (error) {
    if (tries === 1) throw error
    return await startNode(t, tries - 1)
  }
}

const WHOLE = { what: 'the Cluster is whole' }

function settingsOf(bus: number): string[] {
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '500']
  return [...cluster, '--cluster-port', `${bus}`, '--repl-diskless-sync-delay', '0']
}

async function isWhole(server: RedisServer, servers: number): Promise<boolean> {
  const info = String(await server.tell('CLUSTER', 'INFO'))
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers}\r`)
}

async function follow(replica: RedisServer, primary: RedisServer | undefined): Promise<void> {
  if (primary === undefined) return
  await replica.tell('CLUSTER', 'REPLICATE', await idOf(primary))
  const isFollowing = async () =>
    String(await replica.tell('INFO', 'replication')).includes('master_link_status:up')
  await until(isFollowing, { what: 'the replica follows its primary' })
}

async function idOf(server: RedisServer): Promise<string> {
  return String(await server.tell('CLUSTER', 'MYID'))
}
