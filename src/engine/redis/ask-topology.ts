// Asks a Cluster who has which slot: one primary after the other, and where none of them answers,
// every server that was ever named.
import type { Clock } from '../../time/clock.ts'
import { EngineUnavailable } from '../engine.ts'
import { type Access, nameOf, type Server } from './address.ts'
import { askOnce } from './ask-once.ts'
import { type ClusterRange, rangesIn } from './cluster-ranges.ts'
import { reasonOf } from './errors.ts'
import type { Reply } from './link.ts'
import type { Sender } from './sender.ts'
import type { Topology } from './topology.ts'

export interface AskTopology {
  topology: Topology
  access: Access
  clock: Clock
}

/** Rejects with EngineUnavailable where no server answers that is in touch with most others. */
export async function askTopology({
  topology,
  access,
  clock,
}: AskTopology): Promise<ClusterRange[]> {
  for (const primary of topology.primaries) {
    const { away, server } = primary
    if (away !== null || server === null) continue
    const slots = await primary.ask(slotsBy).catch(() => null)
    if (slots !== null) return rangesIn(slots, server)
  }
  try {
    return await Promise.any(topology.servers.map((server) => askAt(server, access, clock)))
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(reasonOf) : [error]
    throw new EngineUnavailable(`The Cluster does not answer. ${reasons.join(' ')}`)
  }
}

async function askAt(server: Server, access: Access, clock: Clock): Promise<ClusterRange[]> {
  try {
    return rangesIn(await askOnce({ server, access, clock, ask: slotsBy }), server)
  } catch (error) {
    throw new Error(`${nameOf(server)}: ${reasonOf(error)}`)
  }
}

/** A server that is cut off from most others may be wrong about the slots. */
async function slotsBy(sender: Sender): Promise<Reply> {
  const [info, slots] = await Promise.all([
    sender.sendCommand(['CLUSTER', 'INFO']),
    sender.sendCommand(['CLUSTER', 'SLOTS']),
  ])
  if (!String(info).includes('cluster_state:ok')) throw new Error('The Cluster is not whole.')
  return slots
}
