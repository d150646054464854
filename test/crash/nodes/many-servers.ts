// Blows for a Redis of several servers: a replica takes over, and a slot moves to another primary.
import { setTimeout as pause } from 'node:timers/promises'
import { slotOf } from '../../../src/engine/redis/cluster-ranges.ts'
import type { Dice } from '../../support/dice.ts'
import type { RedisCluster } from '../../support/redis-cluster.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import type { Blow } from './targets.ts'

/** For what the replica had received already; Sentinels take the primary for down after 300 ms. */
const TAKES_IN_MS = 60
const FAILOVER_MS = 30_000

/** The primary is killed; what its replica had by then is what is kept. */
export const failOver: Blow = async ({ service, rooms, record }) => {
  const { pair } = service.store
  if (pair === null) throw new Error('there is no replica')
  const { primary, replica } = pair
  const began = performance.now()
  await primary.kill()
  await pause(TAKES_IN_MS)
  const kept = await service.offsetsIn(replica, rooms)
  const loss = { began, ended: performance.now() }
  if ((await roleOf(replica)) !== 'slave') throw new Error('the replica took over too early')
  for (const [at, room] of rooms.entries()) {
    record.room(room).losses.push({ ...loss, kept: kept[at] ?? 0 })
  }
  const isPrimary = async () => (await roleOf(replica)) === 'master'
  await until(isPrimary, { what: 'the replica takes over', ms: FAILOVER_MS })
  Object.assign(pair, { primary: replica, replica: primary })
  await primary.start()
  await primary.tell('REPLICAOF', '127.0.0.1', `${replica.port}`)
  const isFollowing = async () =>
    String(await primary.tell('INFO', 'replication').catch(() => '')).includes(
      'master_link_status:up',
    )
  await until(isFollowing, { what: 'the former primary follows', ms: FAILOVER_MS })
}

async function roleOf(redis: RedisServer): Promise<string> {
  // A Sentinel that takes notice closes its connections.
  const role = await redis.tell('ROLE').catch(() => [])
  return Array.isArray(role) ? String(role[0]) : ''
}

/** The slot of a room goes to another primary while clients write to it. */
export const moveSlot: Blow = async ({ service, rooms }, dice) => {
  const { cluster } = service.store
  if (cluster === null) throw new Error('there is no Cluster')
  const slot = slotOf(service.keyOf(dice.pick(rooms)))
  const from = await ownerOf(cluster, slot)
  const to = dice.pick(cluster.primaries.filter((primary) => primary !== from))
  await cluster.beginMove(slot, from, to)
  await pause(dice.below(500))
  await moveAll(cluster, { slot, from, to }, dice)
  await cluster.endMove(slot, from, to)
}

interface Move {
  slot: number
  from: RedisServer
  to: RedisServer
}

async function moveAll(cluster: RedisCluster, { slot, from, to }: Move, dice: Dice) {
  const isLeft = async () => Number(await from.tell('CLUSTER', 'COUNTKEYSINSLOT', `${slot}`)) > 0
  while (await isLeft()) {
    await cluster.moveKeys(slot, from, to)
    await pause(dice.below(50))
  }
}

async function ownerOf(cluster: RedisCluster, slot: number): Promise<RedisServer> {
  const ranges = (await cluster.primaries[0]?.tell('CLUSTER', 'SLOTS')) as [
    number,
    number,
    unknown[],
  ][]
  const range = ranges.find(([first, last]) => first <= slot && slot <= last)
  const owner = cluster.primaries.find(({ port }) => port === range?.[2][1])
  if (owner === undefined) throw new Error(`no primary has the slot ${slot}`)
  return owner
}
