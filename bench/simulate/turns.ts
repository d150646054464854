// The event loops of one node and of one primary under a workload: how busy they are with what
// they gather, and how long a message is on its way.
import type { Chance } from './chance.ts'
import type { Costs } from './costs.ts'
import { type Job, type LoopFigures, runLoop } from './loop.ts'
import { type Need, needOf, type Service } from './service.ts'
import { nodesOf, type Workload } from './workloads.ts'

/** Some seconds of the model, or as many touches as it has time for. */
const SECONDS = 10
const TOUCHES_MAX = 1_000_000
/** What is no message comes in so many parts a second. */
const PARTS = 200

interface Place {
  /** Members of a room on this node. */
  readonly members: number
  readonly perSecond: number
}

export function nodeTurns(
  load: Workload,
  service: Service,
  costs: Costs,
  chance: Chance,
): LoopFigures {
  const { node } = costs
  const need = needOf(load, service, costs)
  const rooms = roomsOn(load, service, chance)
  const pick = weighted(rooms, chance)
  const heard = rooms.reduce((sum, { perSecond }) => sum + perSecond, 0)
  const published = need.traffic.messages / service.nodes
  const members = (room: number) => rooms[room]?.members ?? 0
  const jobs = inOrder(
    stream(heard, chance, () => ({ micros: node.hear, touched: [pick()] })),
    stream(published, chance, () => ({ micros: node.publish, touched: [] })),
    stream(PARTS, chance, () => ({ micros: (besides(need, costs) * 1e6) / PARTS, touched: [] })),
  )
  return runLoop(jobs, {
    turn: node.turn,
    first: (room) => members(room) * node.write,
    again: (room) => members(room) * node.gathered,
  })

  function besides({ node: { cpu }, traffic }: Need, { node }: Costs): number {
    const { messages, hearings, deliveries } = traffic
    const told = messages * node.publish + hearings * node.hear + deliveries * node.write
    return Math.max(0, cpu - told / service.nodes / 1e6)
  }
}

export function primaryTurns(
  load: Workload,
  service: Service,
  costs: Costs,
  chance: Chance,
): LoopFigures {
  const { redis } = costs
  const { nodes, primaries } = service
  const need = needOf(load, service, costs)
  const { messages, hearings } = need.traffic
  const rooms = load.sizes.map((size) => ({ size, perSecond: load.perSecond(size) }))
  const pick = weighted(rooms, chance)
  const each = messages / primaries
  const seconds = Math.min(SECONDS, TOUCHES_MAX / ((hearings + messages) / primaries))
  const told =
    each * (redis[load.kept] + redis.exchange) + (hearings / primaries) * (redis.push + redis.write)
  const jobs = inOrder(
    stream(each, chance, () => ({ micros: redis[load.kept], touched: touched() }), seconds),
    stream(
      PARTS,
      chance,
      () => ({ micros: Math.max(0, need.primary.cpu * 1e6 - told) / PARTS, touched: [] }),
      seconds,
    ),
  )
  const isStored = load.kept !== 'ephemeral'
  return runLoop(jobs, {
    turn: redis.turn + (isStored ? redis.fileTurn : 0),
    first: (socket) => (socket < nodes ? redis.exchange : redis.write + redis.push),
    again: (socket) => (socket < nodes ? 0 : redis.push),
  })

  /** Who publishes, by its number, and who hears it. */
  function touched(): number[] {
    const { size } = rooms[pick()] ?? { size: 1 }
    const hearing = Math.round(nodesOf(load, size, nodes))
    const first = chance.below(nodes)
    return [first, ...Array.from({ length: hearing }, (_, at) => nodes + ((first + at) % nodes))]
  }
}

/** Rooms that have members on one of the nodes, until all of its connections are placed. */
function roomsOn(load: Workload, { nodes }: Service, chance: Chance): Place[] {
  const places: Place[] = []
  const members = load.sizes.map((size) => ({ perSecond: size }))
  const pick = weighted(members, chance)
  let left = (load.connections * load.roomsEach) / nodes
  while (left > 0) {
    const size = load.sizes[pick()] ?? 1
    const here = Math.min(left, 1 + few((size - 1) / nodes, chance))
    // A room was picked by its members, so that one with more of them here comes as much oftener.
    if (chance.share() > 1 / here) continue
    places.push({ members: here, perSecond: load.perSecond(size) })
    left -= here
  }
  return places
}

/** A number of things that are as many on average (Poisson); a large one is near it. */
function few(average: number, chance: Chance): number {
  if (average > 50) return Math.round(average)
  let count = 0
  for (let rest = chance.share(); rest > Math.exp(-average); rest *= chance.share()) count += 1
  return count
}

/** Picks indexes as often as their rates say. */
function weighted(all: readonly { perSecond: number }[], chance: Chance): () => number {
  let sum = 0
  const sums = Float64Array.from(all, ({ perSecond }) => {
    sum += perSecond
    return sum
  })
  return () => {
    const wanted = chance.share() * sum
    let [low, high] = [0, sums.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

function stream(
  perSecond: number,
  chance: Chance,
  job: () => Omit<Job, 'at'>,
  seconds = SECONDS,
): Job[] {
  const jobs: Job[] = []
  for (let at = chance.wait(perSecond); at < seconds * 1e6; at += chance.wait(perSecond)) {
    jobs.push({ at, ...job() })
  }
  return jobs
}

function inOrder(...streams: readonly Job[][]): Job[] {
  return streams.flat().sort((one, other) => one.at - other.at)
}
