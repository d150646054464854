// What real nodes pay for what real clients do.
import { setTimeout as sleep } from 'node:timers/promises'
import { Load } from '../load/load.ts'
import { Redis } from '../nodes/redis-server.ts'
import { type Context, gather, type Scale } from '../scenarios/scenario.ts'
import { talk } from '../scenarios/talk.ts'
import { usherOn } from '../servers/usher.ts'

const SETTLE_MS = 1_000
/** The slope of memory is taken between so many connections. */
const FEW = 4_000
const MANY = 12_000
/** Tickets live half a minute: so many are fetched at a time. */
const AT_ONCE = 1_000

/** CPU µs of one node in a second in which nothing happens. */
export function nodeAtRest(seconds: number): Promise<number> {
  return onNode(async ({ running }) => {
    await sleep(SETTLE_MS)
    const before = running.process.usage()
    await sleep(seconds * 1_000)
    return (running.process.usedSince(before).cpuSeconds / seconds) * 1e6
  })
}

/** CPU µs of one node for each delivery in a room of 1,000, at so many messages a second. */
export function bigRoom(scale: Scale, perSecond: number): Promise<number> {
  return onNode(async (context) => {
    await gather(context, { rooms: 1, members: 1_000, publishers: 10, timedEvery: 10 })
    const { figure } = await talk({ ...context, scale }, { size: 64, pace: { perSecond } })
    return figure.cpuMicros ?? Number.NaN
  })
}

/** Bytes of a node for an idle connection, in one room with all others or in one of its own. */
export function idleBytes(isAlone: boolean): Promise<number> {
  return onNode(async (context) => {
    const few = await rssWith(context, isAlone, [0, FEW])
    const many = await rssWith(context, isAlone, [FEW, MANY])
    return (many - few) / (MANY - FEW)
  })
}

async function rssWith(context: Context, isAlone: boolean, [from, to]: readonly [number, number]) {
  const silent = { publishers: 0, timedEvery: 1 }
  for (let at = from; at < to; at += AT_ONCE) {
    const count = Math.min(AT_ONCE, to - at)
    const rooms = isAlone
      ? { rooms: count, members: 1, firstRoom: at }
      : { rooms: 1, members: count }
    await gather(context, { ...rooms, ...silent }, at)
  }
  await sleep(SETTLE_MS)
  return (await context.running.process.memory()).rss
}

async function onNode(act: (context: Context) => Promise<number>): Promise<number> {
  const redis = await Redis.start()
  const running = await usherOn(redis.port).start([])
  const load = new Load(1, [])
  try {
    return await act({ running, load, scale: { seconds: 1, warmSeconds: 0, crowd: 1 } })
  } finally {
    await load.end()
    await running.end()
    await redis.end()
  }
}
