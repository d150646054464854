// Two engines that are two nodes of one Redis, whatever that is: one server, one that Sentinels
// watch, or a Cluster.
import type { Engine } from '../../src/engine/engine.ts'
import { engineOn } from '../../src/engine/redis/engine.ts'
import { Keys } from '../../src/engine/redis/keys.ts'
import type { OpenLink } from '../../src/engine/redis/open-link.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import type { Subject } from '../contract/support/suite-setup.ts'
import { CutLink } from './cut-link.ts'
import { boundsWithin } from './memory-shares.ts'
import { until } from './until.ts'

/** `openLink` opens a link of its own for each node. */
export function redisEngines(openLink: () => Promise<OpenLink>): Subject {
  const opened = new WeakMap<Engine, { link: CutLink; keys: Keys }>()
  let prefixes = 0
  const open = async (keys: Keys, limits: Partial<Limits>): Promise<Engine> => {
    const { link: real, durability } = await openLink()
    const link = new CutLink(real)
    const parts = { clock: systemClock, bounds: boundsWithin(limits) }
    const engine = await engineOn({ link, durability }, keys, parts)
    opened.set(engine, { link, keys })
    return engine
  }
  const openTwo = async (limits: Partial<Limits> = {}) => {
    prefixes += 1
    const keys = new Keys(`usher:t${prefixes}:`)
    return [await open(keys, limits), await open(keys, limits)] as const
  }
  const partsOf = (engine: Engine) => {
    const parts = opened.get(engine)
    if (parts === undefined) throw new Error('This engine has no link that can be cut.')
    return parts
  }
  return {
    openShared: () => openTwo(),
    openWithin: (_, limits) => openTwo(limits),
    async lapse(engine) {
      const former = engine.node
      const { link, keys } = partsOf(engine)
      const leases = keys.shared('{nodes}:leases')
      await link.send(leases, ['ZREM', leases, former])
      await until(() => engine.node !== former, { what: 'the node takes another id' })
    },
    cutOff: (engine) => partsOf(engine).link.deafen(),
  }
}
