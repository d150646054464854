// A service of nodes and primaries under a workload: what each node and each primary has to do.
import type { Costs } from './costs.ts'
import { type Traffic, trafficOf, type Workload } from './workloads.ts'

export interface Service {
  readonly nodes: number
  readonly primaries: number
}

/** Shares of a core, bytes, and bytes a second. */
export interface Need {
  readonly node: { cpu: number; memory: number; sent: number }
  readonly primary: { cpu: number; commands: number; memory: number; sent: number }
  /** Besides, of the one primary that has what all nodes share. */
  readonly shared: { cpu: number }
  readonly traffic: Traffic
  /** Microseconds of all primaries together for a connection that is made. */
  readonly connectMicros: number
}

/** So much of a node is used at rest that the others carry the load of a zone of three. */
export const NODE_BUSY = 0.5
export const PRIMARY_BUSY = 0.5
const NODE_CONNECTIONS = 50_000
const PING_SECONDS = 25
const LOOKS_MAX = 2_000
const QUIET_SECONDS = 10
/** Bytes around a message: to a client with TCP and IP, and between Redis and a node. */
const AROUND = { client: 150, node: 250 }
/** What Redis has of a message that it keeps, besides its bytes. */
const KEPT_AROUND = 150
/** Messages a second of what nodes hold, to all of them together. */
const HELD_TOLD_MAX = 20_000
/** Commands that a node sends in a second: to each primary, and to those that all nodes share. */
const BEATS = { each: 2, shared: 5 }

export function needOf(load: Workload, service: Service, costs: Costs): Need {
  const traffic = trafficOf(load, service.nodes)
  return {
    ...{ traffic, node: nodeNeed(load, service, traffic, costs) },
    primary: primaryNeed(load, service, traffic, costs),
    shared: { cpu: sharedMicros(load, service, costs) / 1e6 },
    connectMicros: connectMicros(load, costs),
  }
}

/** The smallest service that carries this. */
export function serviceFor(load: Workload, costs: Costs): Service {
  let nodes = Math.max(3, Math.ceil(load.connections / NODE_CONNECTIONS))
  const cpuOf = (count: number) => needOf(load, { nodes: count, primaries: 1 }, costs).node.cpu
  while (cpuOf(nodes) > NODE_BUSY) nodes = Math.ceil(nodes * 1.02)
  let primaries = 1
  for (;;) {
    const { primary, shared } = needOf(load, { nodes, primaries }, costs)
    // With more than one, what all share can have a primary of its own.
    const cpu = primaries === 1 ? primary.cpu + shared.cpu : primary.cpu
    // What each node asks of each primary does not get less by more primaries.
    const beats = (nodes * BEATS.each * beatMicros(costs)) / 1e6
    if (cpu <= PRIMARY_BUSY || cpu - beats <= PRIMARY_BUSY / 2) return { nodes, primaries }
    primaries = Math.ceil(primaries * 1.05)
  }
}

function nodeNeed(load: Workload, { nodes }: Service, traffic: Traffic, { node, memory }: Costs) {
  const here = load.connections / nodes
  const each = (all: number) => all / nodes
  const micros =
    each(traffic.messages) * node.publish +
    each(traffic.hearings) * node.hear +
    each(traffic.deliveries) * node.write +
    (here / PING_SECONDS) * node.ping +
    each(traffic.opened) * (node.connect + node.ticket) +
    node.rest
  return {
    cpu: micros / 1e6,
    memory:
      memory.node +
      here * (memory.connection + memory.kernel) +
      each(traffic.followed) * memory.room,
    sent: each(traffic.deliveries) * (load.bytes + AROUND.client),
  }
}

function primaryNeed(load: Workload, service: Service, traffic: Traffic, costs: Costs) {
  const { nodes, primaries } = service
  const { redis } = costs
  const each = (all: number) => all / primaries
  const looks = nodes * Math.min(LOOKS_MAX, traffic.followed / nodes / QUIET_SECONDS)
  const micros =
    each(traffic.messages) * (redis[load.kept] + redis.exchange) +
    each(traffic.hearings) * (redis.push + redis.write) +
    each(traffic.opened) * connectMicros(load, costs) +
    each(looks) * redis.look +
    nodes * BEATS.each * beatMicros(costs)
  return {
    cpu: micros / 1e6,
    commands:
      each(traffic.messages + looks) +
      each(traffic.opened) * commandsOfConnect(load) +
      nodes * BEATS.each,
    memory: each(traffic.rooms) * load.history * (load.bytes + KEPT_AROUND),
    sent: each(traffic.hearings) * (load.bytes + AROUND.node),
  }
}

/** A ticket, the rooms, and where presence is told a join and a leave, each by itself. */
function connectMicros(load: Workload, { redis }: Costs): number {
  const presence = load.hasPresence ? 2 * (redis.presence + redis.exchange) : 0
  const { roomsEach } = load
  return redis.connect + (roomsEach - 1) * (redis.follow + redis.exchange) + roomsEach * presence
}

function commandsOfConnect({ roomsEach, hasPresence }: Workload): number {
  return 4 + roomsEach * (hasPresence ? 4 : 2)
}

/**
 * What is the same for all rooms: beats, what large holders hold (at most so many messages), and
 * revocations, of which each is told to each node, which then reads on.
 */
function sharedMicros({ revocations }: Workload, { nodes }: Service, costs: Costs): number {
  const { redis } = costs
  const push = redis.push + redis.write
  const beats = nodes * BEATS.shared * beatMicros(costs)
  const held = Math.min(nodes * nodes, HELD_TOLD_MAX) * push
  const told = nodes * (push + redis.exchange + redis.look)
  return beats + held + revocations * (redis.revoke + redis.exchange + told)
}

function beatMicros({ redis }: Costs): number {
  return redis.rest / (BEATS.each + BEATS.shared)
}
