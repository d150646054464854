// What Redis sends to a node that has no member of a room in which others talk. A proxy in front
// of Redis counts what comes back to that node: a subscription too many would be seen at once.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Load } from '../load/load.ts'
import { openingsOf } from '../scenarios/scenario.ts'
import { usherOn } from '../servers/usher.ts'
import { Redis } from './redis-server.ts'

export interface Elsewhere {
  /** Messages of the room that the nodes with and without a member were sent. */
  here: number
  elsewhere: number
  sent: number
}

const MEMBERS = 10
const SETTLE_MS = 10_000

/** Counts the sharded messages that Redis pushes through it. */
class Counter {
  messages = 0
  readonly port: number
  readonly close: () => void

  private constructor(port: number, close: () => void) {
    this.port = port
    this.close = close
  }

  static async inFrontOf(redis: number): Promise<Counter> {
    const server = createServer((client) => {
      const target = connect(redis, '127.0.0.1')
      for (const socket of [client, target]) socket.setNoDelay().on('error', () => socket.destroy())
      client.pipe(target).pipe(client)
      let rest = ''
      target.on('data', (bytes) => {
        const text = rest + bytes.toString('latin1')
        counter.messages += text.split(ROOM_NEWS).length - 1
        rest = text.slice(1 - ROOM_NEWS.length)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const counter = new Counter((server.address() as AddressInfo).port, () => server.close())
    return counter
  }
}

/** The channel of the room that talks, as it stands in a push. */
const ROOM_NEWS = '{r:bench:0}:c\r\n$'

export async function elsewhere(): Promise<Elsewhere> {
  const redis = await Redis.start()
  const counters = [await Counter.inFrontOf(redis.port), await Counter.inFrontOf(redis.port)]
  const nodes = await Promise.all(counters.map(({ port }) => usherOn(port).start([])))
  const load = new Load(1, [])
  try {
    const crowd = { rooms: 2, members: MEMBERS, publishers: 1, timedEvery: 1 }
    for (const [at, node] of nodes.entries()) {
      // Each node has one of the two rooms, and the first alone talks.
      const own = openingsOf(crowd)
        .filter(({ rooms }) => rooms[0] === at)
        .map((opening) => (at === 0 ? opening : { ...opening, publisher: null }))
      await load.connect(node.target, await node.credentials(own, 'server key'))
    }
    await load.talk({ size: 64, pace: { perSecond: 500 }, seconds: 2, warmSeconds: 0 })
    const { sentIn } = await load.verdict(SETTLE_MS)
    const [here = 0, there = 0] = counters.map(({ messages }) => messages)
    return { here, elsewhere: there, sent: sentIn[0] ?? 0 }
  } finally {
    await load.end()
    await Promise.all(nodes.map((node) => node.end()))
    for (const { close } of counters) close()
    await redis.end()
  }
}
