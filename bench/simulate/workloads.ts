// What is asked of a service: connections, the rooms that they are in, and what is said there.
import { Chance } from './chance.ts'

export interface Workload {
  readonly name: string
  readonly connections: number
  /** Rooms of each connection. */
  readonly roomsEach: number
  /** Sizes of some rooms, that stand for all. */
  readonly sizes: readonly number[]
  /** Messages a second in a room of this size. */
  perSecond(size: number): number
  readonly bytes: number
  readonly kept: 'ephemeral' | 'stored' | 'keyed'
  /** Messages that a room keeps. */
  readonly history: number
  readonly hasPresence: boolean
  /** Seconds that a connection lasts. */
  readonly stay: number
  /** Log-outs and the like, a second. */
  readonly revocations: number
  /** The share of rooms whose members a proxy sends to one node. */
  readonly together: number
}

const SAMPLE = 20_000
const HOUR = 3_600

/** Small rooms: half have eight members or fewer, few have hundreds. */
export function chat(connections: number, seed: number): Workload {
  const chance = new Chance(seed)
  const size = () => Math.min(500, Math.max(2, Math.round(chance.logNormal(8, 2.5))))
  return {
    ...{ name: 'chat', connections, roomsEach: 3, bytes: 200, kept: 'keyed', history: 100 },
    sizes: Array.from({ length: SAMPLE }, size),
    perSecond: (size) => size / 180,
    ...{ hasPresence: true, stay: HOUR / 2, revocations: connections / (7 * 24 * HOUR) },
    together: 0,
  }
}

/** Ten rooms have everyone in them: a few hosts write five messages a second in each. */
export function stadium(connections: number): Workload {
  return {
    ...{ name: 'stadium', connections, roomsEach: 1, bytes: 200, kept: 'stored', history: 1_000 },
    sizes: [connections / 10],
    perSecond: () => 5,
    ...{ hasPresence: false, stay: HOUR, revocations: connections / (7 * 24 * HOUR), together: 0 },
  }
}

/** A room for each user, with one to three devices in it, that is told something now and then. */
export function notifications(connections: number, seed: number): Workload {
  const chance = new Chance(seed)
  return {
    ...{ name: 'notifications', connections, roomsEach: 1, bytes: 300, kept: 'keyed' },
    ...{ history: 100, hasPresence: false, together: 0 },
    sizes: Array.from({ length: SAMPLE }, () => [1, 1, 1, 2, 2, 3][chance.below(6)] ?? 1),
    perSecond: () => 1 / 120,
    ...{ stay: 2 * HOUR, revocations: connections / (7 * 24 * HOUR) },
  }
}

/** Per second, over all nodes and primaries. */
export interface Traffic {
  readonly rooms: number
  readonly messages: number
  readonly deliveries: number
  /** Messages times the nodes that hear each, of so many. */
  readonly hearings: number
  /** Rooms times the nodes that follow each. */
  readonly followed: number
  readonly opened: number
}

export function trafficOf(load: Workload, nodes: number): Traffic {
  const { sizes, connections, roomsEach, stay } = load
  const members = sum(sizes, (size) => size)
  const times = (connections * roomsEach) / members
  return {
    rooms: sizes.length * times,
    messages: times * sum(sizes, (size) => load.perSecond(size)),
    deliveries: times * sum(sizes, (size) => load.perSecond(size) * size),
    hearings: times * sum(sizes, (size) => load.perSecond(size) * nodesOf(load, size, nodes)),
    followed: times * sum(sizes, (size) => nodesOf(load, size, nodes)),
    opened: connections / stay,
  }
}

/** On how many nodes a room of this size has members, where each comes to any of them. */
export function nodesOf({ together }: Workload, size: number, nodes: number): number {
  return together + (1 - together) * nodes * (1 - (1 - 1 / nodes) ** size)
}

function sum(sizes: readonly number[], of: (size: number) => number): number {
  return sizes.reduce((total, size) => total + of(size), 0)
}
