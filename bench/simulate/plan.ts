// What a workload needs of nodes and primaries, and what a loss of nodes does to them.
import { Chance } from './chance.ts'
import type { Costs } from './costs.ts'
import { type Need, needOf, type Service, serviceFor } from './service.ts'
import { type Storm, type StormFigures, storm } from './storm.ts'
import { nodeTurns, primaryTurns } from './turns.ts'
import type { Workload } from './workloads.ts'

export interface PlanSettings {
  readonly seed: number
  /** `handshakesPerSecond` of each node. */
  readonly admitted: number
  /** Nodes are spread over so many zones. */
  readonly zones: number
  /** Seconds that a service is away of which all nodes died. */
  readonly down: number
  /** Fixed, instead of the smallest that carry the workload. */
  readonly service?: Service
}

export interface Plan {
  readonly service: Service
  readonly need: Need
  /** Milliseconds in the turns of a primary and of a node, 99 of 100. */
  readonly latency: { primary: number; node: number }
  readonly busy: { primary: number; node: number }
  readonly storms: Readonly<Record<'node' | 'zone' | 'all', StormFigures & { redis: number }>>
}

/** Redis is left so much for what else it does while all come back. */
const REDIS_FREE = 0.9
/** What a node has for those that come back, of what it does not need for those that are there. */
const NODE_FREE = 0.9

export function planFor(load: Workload, costs: Costs, settings: PlanSettings): Plan {
  const service = settings.service ?? serviceFor(load, costs)
  const chance = new Chance(settings.seed)
  const need = needOf(load, service, costs)
  const node = nodeTurns(load, service, costs, chance)
  const primary = primaryTurns(load, service, costs, chance)
  const storms = stormsOf(load, { costs, settings, service, need }, chance)
  return {
    ...{ service, need, storms },
    latency: { primary: primary.p99, node: node.p99 },
    busy: { primary: primary.busy, node: node.busy },
  }
}

interface Parts {
  costs: Costs
  settings: PlanSettings
  service: Service
  need: Need
}

function stormsOf(load: Workload, parts: Parts, chance: Chance): Plan['storms'] {
  const { nodes } = parts.service
  const { zones, down } = parts.settings
  const zone = Math.ceil(nodes / zones)
  const here = load.connections / nodes
  const of = (lost: number, left: number, away: number) => {
    const comers = Math.round((here * lost) / left)
    const isAll = lost === nodes
    const busy = isAll ? 0 : (parts.need.node.cpu * nodes) / left
    const found = storm(stormParts(parts, { comers, left, busy, down: away }), chance)
    const micros = found.peakMade * left * parts.need.connectMicros
    return { ...found, redis: micros / 1e6 / parts.service.primaries }
  }
  return {
    node: of(1, nodes - 1, 0),
    zone: of(zone, nodes - zone, 0),
    all: of(nodes, nodes, down),
  }
}

function stormParts(
  { costs, settings, service, need }: Parts,
  { comers, left, busy, down }: { comers: number; left: number; busy: number; down: number },
): Storm {
  const { node } = costs
  const redisFree = Math.max(0.1, REDIS_FREE - (down > 0 ? 0 : need.primary.cpu))
  return {
    ...{ comers, down, spread: 0, admitted: settings.admitted, waits: false },
    free: Math.max(0.05, NODE_FREE - busy),
    connect: node.connect + node.ticket,
    refuse: node.refuse,
    carried: (service.primaries * redisFree * 1e6) / need.connectMicros / left,
  }
}
