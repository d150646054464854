// The engine on Redis: this process is one node of a service, and Redis has all that the nodes
// share.
import type { Clock } from '../../time/clock.ts'
import { systemRandom } from '../../time/random.ts'
import type { Bounds } from '../bounds.ts'
import {
  type Engine,
  type EngineHealth,
  EngineRefused,
  type EngineSettings,
  type OnWaiting,
  type RoomRules,
} from '../engine.ts'
import type { ReceiptStore } from '../receipt-store.ts'
import { AcceptedCalls } from './accepted-calls.ts'
import { DailyQuotas } from './daily-quotas.ts'
import { redisIdentity } from './identity.ts'
import { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { RedisLog } from './log.ts'
import { NodeLease } from './node-lease.ts'
import { type OpenLink, openLink } from './open-link.ts'
import { RedisPresence } from './presence.ts'
import { RedisReceipts } from './receipts.ts'
import { RedisRevocations } from './revocations.ts'
import { RedisShares } from './shares.ts'
import { RedisUplinks } from './uplinks.ts'

interface Opening {
  onWaiting?: OnWaiting
  rules?: RoomRules
}

/** @throws EngineRefused with a sentence that says what to do */
export async function openRedis(
  settings: EngineSettings,
  clock: Clock,
  bounds: Bounds,
  { onWaiting = () => {}, rules }: Opening = {},
): Promise<Engine> {
  if (settings.kind !== 'redis') throw new EngineRefused(`Redis does not open ${settings.kind}.`)
  const { url, prefix } = settings
  const opened = await openLink({ url, clock, random: systemRandom }, onWaiting)
  try {
    return await engineOn(opened, new Keys(prefix), { clock, bounds, rules })
  } catch (error) {
    opened.durability.close()
    await opened.link.close()
    throw error
  }
}

export interface EngineParts {
  clock: Clock
  bounds: Bounds
  rules?: RoomRules | undefined
}

/** The engine of one node on an open link, which it closes. */
export async function engineOn(
  { link, durability }: OpenLink,
  keys: Keys,
  { clock, bounds, rules }: EngineParts,
): Promise<Engine> {
  const parts = { link, keys, clock, random: systemRandom }
  const lease = new NodeLease(parts)
  const uplinks = new RedisUplinks({ ...parts, lease })
  const presence = new RedisPresence({ ...parts, lease })
  const revocations = new RedisRevocations(parts)
  const shares = new RedisShares(bounds, parts)
  const quotas = new DailyQuotas(bounds, parts)
  const isLossless = () => durability.now === 'disk'
  const log = new RedisLog({ ...parts, shares, quotas, isLossless })
  const receipts = new RedisReceipts({ ...parts, shares, quotas })
  await uplinks.open()
  await lease.open()
  await revocations.open()
  await shares.open()
  await log.open()
  const messagesKeptMs = rules?.keptMs ?? null
  const identity = await redisIdentity({ ...parts, shares, messagesKeptMs })
  const calls = new AcceptedCalls()
  return {
    name: 'redis',
    get durability() {
      return durability.now
    },
    get node() {
      return lease.node
    },
    get otherNodes() {
      return lease.otherNodes
    },
    onRenewed: (onRenewed) => lease.onRenewed(onRenewed),
    accounts: calls.of(identity.accounts),
    sessions: calls.of(identity.sessions),
    refreshTokens: calls.of(identity.refreshTokens),
    userStatus: calls.of(identity.userStatus),
    tickets: calls.of(identity.tickets),
    attempts: calls.of(identity.attempts),
    ...{ log, presence, revocations, uplinks, shares },
    receipts: calls.of<ReceiptStore>(receipts),
    get waiting() {
      return link.waiting
    },
    // Redis has limits of its own, and refuses what is over them.
    storage: { bytes: null, free: null },
    health: () => healthOf(link),
    async close() {
      // The others are told that this node is gone, with all its entries, before anything ends.
      await lease.close()
      await calls.close()
      identity.stop()
      for (const part of [presence, log, receipts, shares, revocations, uplinks, durability])
        part.close()
      await quotas.close()
      await link.close()
    },
  }
}

function healthOf({ away }: RedisLink): EngineHealth {
  return away === null ? { ready: true } : { ready: false, reason: away }
}
