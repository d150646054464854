// A rolling restart: three nodes on one Redis end and start again, one after the other, while
// followers are on all of them and messages go on. Clients of a node that ends go to the others.
// npm run bench:rolling -- [--size N] [--short]
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Poster } from '../../test/crash/clients/poster.ts'
import { historyOf } from '../../test/crash/history.ts'
import { Record as Notes } from '../../test/crash/record.ts'
import { verdict } from '../../test/crash/verdict.ts'
import { Dice } from '../../test/support/dice.ts'
import { Crowd, quantile } from '../reconnect/crowd.ts'
import { LIKE_SDKS } from '../reconnect/restart.ts'
import { Server } from '../reconnect/server.ts'
import { short } from '../table.ts'
import { Redis } from './redis-server.ts'

const ROOM = 'chat:rolling'
const NODES = 3
/** Each publishes about once a second. */
const PUBLISHERS = 8
/** A proxy in front looks so often whether a node is ready. */
const PROXY_LOOKS_MS = 1_000
const ALL_BACK_MS = 180_000
const BETWEEN_MS = 2_000

const { values } = parseArgs({
  options: { size: { type: 'string' }, short: { type: 'boolean', default: false } },
})
const size = Number(values.size ?? (values.short ? 300 : 10_000))

/** A node, and how often clients came to it in each second. */
class Place {
  readonly server: Server
  /** What the proxy knows of it. */
  isReady = true
  readonly comings = new Map<number, number>()

  constructor(server: Server) {
    this.server = server
  }

  come(): void {
    const second = Math.floor(performance.now() / 1_000)
    this.comings.set(second, (this.comings.get(second) ?? 0) + 1)
  }

  /** The peak counts from here on. */
  forget(): void {
    this.comings.clear()
  }

  get peak(): number {
    return Math.max(0, ...this.comings.values())
  }
}

const redis = await Redis.start()
const env = {
  USHER_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
  USHER_SECRET: 'a-root-secret-for-a-rolling-restart-of-nodes',
  USHER_DRAIN_SECONDS: '5',
}
const starting = Array.from({ length: NODES }, () => Server.start('default', [], { env }))
const places = (await Promise.all(starting)).map((server) => new Place(server))
const dice = new Dice(Date.now() % 1_000_000, 1)
const record = new Notes()

function next(): Place {
  const ready = places.filter(({ isReady }) => isReady)
  const place = dice.pick(ready.length > 0 ? ready : places)
  place.come()
  return place
}

const { authorization } = (places[0] as Place).server
const scene = {
  ...{ record, dice, authorization },
  get port() {
    return next().server.port
  },
  get url() {
    return next().server.url
  },
}
const crowd = new Crowd(scene, ROOM, LIKE_SDKS)
await crowd.gather(size)
for (const place of places) place.forget()
const posters = Array.from({ length: PUBLISHERS }, (_, number) => {
  const how = { rooms: [ROOM], way: 'keyed', betweenMs: 1_000, bytesMax: 64 } as const
  return new Poster(scene, `p${number}`, how)
})
await sleep(BETWEEN_MS)
const began = performance.now()
for (const [at, place] of places.entries()) await restart(at, place)
const seconds = (performance.now() - began) / 1_000
await Promise.all(posters.map((poster) => poster.stop()))
const history = await historyOf(scene, ROOM)
const behind = await crowd.behind(history.offset, ALL_BACK_MS)
crowd.leave()
const wrongs = [...record.wrongs, ...behind, ...verdict(record.room(ROOM), history)]
const facts = {
  'all three s': seconds,
  'way back p50 ms': quantile(crowd.waysBack, 0.5),
  'way back p99 ms': quantile(crowd.waysBack, 0.99),
  'peak comings per second and node': Math.max(...places.map(({ peak }) => peak)),
  'turned away 503': crowd.turnedAway.get(503) ?? 0,
  'turned away 429': crowd.turnedAway.get(429) ?? 0,
  messages: history.offset,
}
const told = Object.entries(facts).map(([what, value]) => `${what}: ${short(value)}`)
const lost = wrongs.length === 0 ? 'nothing missing, nothing twice' : `${wrongs.length} WRONG`
console.log(`| rolling restart, ${size.toLocaleString('en')} | ${told.join(', ')} | ${lost} |`)
for (const wrong of wrongs.slice(0, 20)) console.log(`- ${wrong}`)
await Promise.all(places.map(({ server }) => server.remove()))
await redis.end()
process.exit(wrongs.length === 0 ? 0 : 1)

async function restart(at: number, place: Place): Promise<void> {
  const since = performance.now()
  setTimeout(() => {
    place.isReady = false
  }, PROXY_LOOKS_MS)
  await place.server.end('SIGTERM')
  await place.server.again()
  place.isReady = true
  const isBack = await crowd.allBack(ALL_BACK_MS)
  const took = ((performance.now() - since) / 1_000).toFixed(1)
  console.log(`node ${at + 1}: ${isBack ? 'all are back' : 'NOT all are back'} after ${took} s`)
  await sleep(BETWEEN_MS)
}
