// What the model says of the cases that are measured: the same loops and costs as in a plan.
import { Chance } from './chance.ts'
import type { Costs } from './costs.ts'
import { type Job, runLoop } from './loop.ts'
import { storm } from './storm.ts'

const SEED = 1
const SECONDS = 5
const MEMBERS = 1_000
/** Publishers come at ticks of so many microseconds. */
const TICK = 1_000

export type Expected = ReturnType<typeof expected>

export function expected({ node, redis, memory }: Costs) {
  const ephemeral = { messages: 1_000, nodes: 1, members: 1, micros: redis.ephemeral, file: 0 }
  const stored = { ...ephemeral, nodes: 2, members: 10, micros: redis.stored, file: redis.fileTurn }
  const atRest = node.rest / 1_000
  const costs = { node, redis, memory }
  return {
    'Redis, µs: stored message in a pipeline': redis.stored,
    'Redis, µs: with a key': redis.keyed,
    'Redis, µs: ticket, issued and used': redis.ticket,
    'Redis, µs: entry of presence': redis.presence,
    'Redis, µs: look at a quiet room': redis.look,
    'Redis, µs: room that is followed': redis.follow,
    'Redis, µs: look, nothing beside it': redis.turn + redis.exchange + redis.look,
    'Redis, µs: look, 16 nodes ask': redis.turn / 16 + redis.exchange + redis.look,
    'Redis, µs: push to a node, nothing beside it': redis.write + redis.push,
    'Redis, µs/s: each of 16 nodes at rest': redis.rest + 16 * (redis.push + redis.write),
    'Redis, commands/s: each of 16 nodes at rest': redis.restCommands,
    'node, µs/s: at rest': node.rest,
    'node, µs: delivery, room of 1,000 at 40/s':
      node.write + (node.publish + node.hear + 2 * node.turn + node.rest / 40) / MEMBERS,
    'node, µs: ephemeral message, one member': nodeMicros(ephemeral, costs) + atRest,
    'Redis, µs: ephemeral message, one member': redisMicros(ephemeral, costs),
    'nodes, µs: stored message, ten members on two nodes': nodeMicros(stored, costs) + 2 * atRest,
    'Redis, µs: stored message, ten members on two nodes': redisMicros(stored, costs),
    'node, µs: ephemeral message, one member, at 4,000/s':
      nodeMicros({ ...ephemeral, messages: 4_000 }, costs) + atRest / 4,
    'node, µs: connection with a ticket': node.connect,
    'node, µs: ticket': node.ticket,
    'Redis, µs: connection with a ticket': redis.connect,
    'node, bytes: raw connection, one room of all': memory.connection,
    'node, bytes: raw connection, a room of its own': memory.connection + memory.room,
  }
}

interface Case {
  /** A second, in 100 rooms. */
  readonly messages: number
  readonly nodes: number
  /** Of each room, over all nodes. */
  readonly members: number
  /** What Redis has to do for one, and for its file in a turn. */
  readonly micros: number
  readonly file: number
}

const ROOMS = 100

/** Of all nodes: one of them takes a message, and each hears it a turn later. */
function nodeMicros({ messages, nodes, members }: Case, { node }: Costs): number {
  const times = ticks(messages)
  const costs = {
    turn: node.turn,
    first: () => (members / nodes) * node.write,
    again: () => (members / nodes) * node.gathered,
  }
  const later = node.turn * 2
  let sum = 0
  for (let place = 0; place < nodes; place += 1) {
    const taken = times
      .filter((_, at) => at % nodes === place)
      .map((at): Job => ({ at, micros: node.publish, touched: [] }))
    const heard = times.map((at, room): Job => {
      return { at: at + later, micros: node.hear, touched: [room % ROOMS] }
    })
    const jobs = [...taken, ...heard].sort((one, other) => one.at - other.at)
    sum += runLoop(jobs, costs).microsEach * jobs.length
  }
  return sum / times.length
}

function redisMicros({ messages, nodes, micros, file }: Case, { redis }: Costs): number {
  const jobs = ticks(messages).map((at, number): Job => {
    const hearing = Array.from({ length: nodes }, (_, node) => nodes + node)
    return { at, micros, touched: [number % nodes, ...hearing] }
  })
  const isNode = (socket: number) => socket < nodes
  const figures = runLoop(jobs, {
    turn: redis.turn + file,
    first: (socket) => (isNode(socket) ? redis.exchange : redis.write + redis.push),
    again: (socket) => (isNode(socket) ? 0 : redis.push),
  })
  return figures.microsEach + (nodes * redis.rest) / messages
}

/** The load side sends what is due at each of its ticks. */
function ticks(perSecond: number): number[] {
  const chance = new Chance(SEED)
  const times: number[] = []
  for (let at = chance.wait(perSecond); at < SECONDS * 1e6; at += 1e6 / perSecond) {
    times.push(Math.ceil(at / TICK) * TICK)
  }
  return times
}

/** How long so many followers of event streams take, after a node was down for so many seconds. */
export function returnSeconds(comers: number, down: number, { node }: Costs): number {
  const { allBack } = storm(
    {
      ...{
        comers,
        spread: 0,
        down,
        admitted: 2_000,
        waits: true,
        free: 1,
        carried: Number.POSITIVE_INFINITY,
      },
      ...{ connect: node.connect, refuse: node.refuse },
    },
    new Chance(SEED),
  )
  return allBack - down
}
