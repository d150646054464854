// Two nodes on one real Redis keep the contract of every engine, with the rights that
// docs/scaling.md gives them, and no other.
import t from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import { engineOn } from '../../../src/engine/redis/engine.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import type { Limits } from '../../../src/protocol/limits.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { engineContract } from '../../contract/engine.ts'
import { CutLink } from '../../support/cut-link.ts'
import { boundsWithin } from '../../support/memory-shares.ts'
import { makeUser, refusedOn } from '../../support/redis-rights.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t, EVERY_WRITE)
const url = `redis://${await makeUser(redis)}@127.0.0.1:${redis.port}`
const links = new WeakMap<Engine, CutLink>()
let prefixes = 0

const prefixNow = () => `usher:t${prefixes}:`

async function open(prefix: string, limits: Partial<Limits>): Promise<Engine> {
  const single = new SingleLink({ url, clock: systemClock, random: systemRandom })
  await single.open()
  const link = new CutLink(single)
  const parts = { clock: systemClock, bounds: boundsWithin(limits) }
  const engine = await engineOn(
    { link, durability: 'disk', isLossless: true },
    new Keys(prefix),
    parts,
  )
  links.set(engine, link)
  return engine
}

async function openTwo(limits: Partial<Limits> = {}): Promise<readonly [Engine, Engine]> {
  prefixes += 1
  const prefix = prefixNow()
  return [await open(prefix, limits), await open(prefix, limits)]
}

function linkOf(engine: Engine): CutLink {
  const link = links.get(engine)
  if (link === undefined) throw new Error('This engine has no link that can be cut.')
  return link
}

engineContract(t, {
  openShared: () => openTwo(),
  openWithin: (_, limits) => openTwo(limits),
  async lapse(engine) {
    const former = engine.node
    const leases = new Keys(prefixNow()).shared('{nodes}:leases')
    await linkOf(engine).send(leases, ['ZREM', leases, former])
    await until(() => engine.node !== former, { what: 'the node takes another id' })
  },
  cutOff: (engine) => linkOf(engine).deafen(),
})

t.test('the rights that docs/scaling.md gives are enough for all of it', async (t) => {
  t.same(await refusedOn(redis), [])
})
