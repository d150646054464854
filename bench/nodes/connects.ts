// Connections with a ticket, on SQLite or on Redis: what one costs the node and Redis, and what the
// ticket itself cost before.

import { Load } from '../load/load.ts'
import { connectAll } from '../scenarios/connect-rate.ts'
import { openingsOf, type Scale } from '../scenarios/scenario.ts'
import { usherOf, usherOn } from '../servers/usher.ts'
import { Redis } from './redis-server.ts'

export interface Connects {
  perSecond: number
  /** CPU µs of the node for a connection, and for a ticket that it issues. */
  nodeMicros: number
  ticketMicros: number
  /** CPU µs and commands of Redis for a connection, those within scripts and at rest included. */
  redisMicros: number
  commands: number
}

const WARM_TICKETS = 1_000
const TICKETS = 3_000

export async function connects(on: 'sqlite' | 'redis', scale: Scale): Promise<Connects> {
  const redis = on === 'redis' ? await Redis.start() : null
  const running = await (redis === null ? usherOf(null) : usherOn(redis.port)).start([])
  const load = new Load(1, [])
  try {
    const crowd = { rooms: 100, publishers: 0, timedEvery: 1 }
    await running.credentials(openingsOf({ ...crowd, members: WARM_TICKETS / 100 }), 'ticket')
    const first = running.process.usage()
    await running.credentials(openingsOf({ ...crowd, members: TICKETS / 100 }), 'ticket')
    const ticketMicros = (running.process.usedSince(first).cpuSeconds / TICKETS) * 1e6
    const [cpu = 0, asked = 0] = [await redis?.cpuSeconds(), await redis?.commands()]
    const figure = await connectAll({ running, load, scale }, 'ticket')
    const all = 6_000 * scale.crowd + 1_000
    const [after = 0, commands = 0] = [await redis?.cpuSeconds(), await redis?.commands()]
    return {
      ...{ perSecond: figure.value, nodeMicros: figure.cpuMicros ?? Number.NaN, ticketMicros },
      ...{ redisMicros: ((after - cpu) / all) * 1e6, commands: (commands - asked) / all },
    }
  } finally {
    await load.end()
    await running.end()
    await redis?.end()
  }
}
