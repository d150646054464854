// Two nodes keep the contract of every engine behind Sentinels and on a Cluster of three primaries
// too, with the rights that docs/scaling.md gives them, and no other.
import t, { type Test } from 'tap'
import { openLink } from '../../src/engine/redis/open-link.ts'
import { systemRandom } from '../../src/time/random.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { engineContract } from '../contract/engine.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { redisEngines } from '../support/redis-engines.ts'
import { makeUser, refusedOn } from '../support/redis-rights.ts'
import { startWatched } from '../support/redis-sentinels.ts'
import type { RedisServer } from '../support/redis-server.ts'

async function keepsContract(t: Test, url: string, servers: readonly RedisServer[]) {
  let user = ''
  for (const server of servers) user = await makeUser(server)
  const parts = { url: url.replace('//', `//${user}@`), clock: systemClock, random: systemRandom }
  engineContract(
    t,
    redisEngines(() => openLink(parts, () => {})),
  )
  t.test('the rights that docs/scaling.md gives are enough for all of it', async (t) => {
    for (const server of servers) t.same(await refusedOn(server), [])
  })
}

t.test('behind Sentinels, with a replica', async (t) => {
  const { primary, replica, url } = await startWatched(t)
  await keepsContract(t, url, [primary, replica])
})

t.test('on a Cluster of three primaries', async (t) => {
  const { primaries, url } = await startCluster(t)
  await keepsContract(t, url, primaries)
})
