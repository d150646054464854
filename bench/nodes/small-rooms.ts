// Many small rooms on one node or on two, at a rate that both carry easily: what a message costs a
// node and Redis when nothing is gathered. A second node hears each message where it has a member.
import { Load } from '../load/load.ts'
import { openingsOf, type Scale } from '../scenarios/scenario.ts'
import { usherOn } from '../servers/usher.ts'
import { Redis } from './redis-server.ts'

export interface SmallRooms {
  /** CPU µs of all nodes, and of Redis, for each message. */
  nodeMicros: number
  redisMicros: number
  missing: number
  perSecond: number
}

export interface SmallRoomsKind {
  isStored: boolean
  nodes: number
  /** Of each room, on each node. */
  members: number
  perSecond: number
}

const ROOMS = 100
const SETTLE_MS = 10_000

/** Each member is a user of its own; one of each room talks. */
export async function smallRooms(kind: SmallRoomsKind, scale: Scale): Promise<SmallRooms> {
  const { isStored, members, perSecond } = kind
  const redis = await Redis.start()
  const starting = Array.from({ length: kind.nodes }, () => usherOn(redis.port).start([]))
  const nodes = await Promise.all(starting)
  const load = new Load(1, [])
  try {
    const crowd = { rooms: ROOMS, members: members * kind.nodes, publishers: 1, timedEvery: 1 }
    const all = openingsOf({ ...crowd, isStored })
    for (const [at, node] of nodes.entries()) {
      const own = all.filter((_, index) => Math.floor(index / ROOMS) % kind.nodes === at)
      await load.connect(node.target, await node.credentials(own, 'server key'))
    }
    const used = () => nodes.reduce((sum, { process }) => sum + process.usage().cpuSeconds, 0)
    const { seconds, warmSeconds } = scale
    const talk = { size: 64, pace: { perSecond }, warmSeconds: 0 }
    await load.talk({ ...talk, seconds: warmSeconds })
    const sentBefore = await sentOf(load)
    const [before, redisBefore] = [used(), await redis.cpuSeconds()]
    const measured = await load.talk({ ...talk, seconds })
    const [after, redisAfter] = [used(), await redis.cpuSeconds()]
    const { missing } = await load.verdict(SETTLE_MS)
    const messages = (await sentOf(load)) - sentBefore
    return {
      nodeMicros: ((after - before) / messages) * 1e6,
      redisMicros: ((redisAfter - redisBefore) / messages) * 1e6,
      ...{ missing, perSecond: measured.perSecond },
    }
  } finally {
    await load.end()
    await Promise.all(nodes.map((node) => node.end()))
    await redis.end()
  }
}

async function sentOf(load: Load): Promise<number> {
  const { sentIn } = await load.verdict(SETTLE_MS)
  return Object.values(sentIn).reduce((sum, count) => sum + count, 0)
}
