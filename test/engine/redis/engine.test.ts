// Two nodes on one real Redis keep the contract of every engine, with the rights that
// docs/scaling.md gives them, and no other.
import t from 'tap'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { engineContract } from '../../contract/engine.ts'
import { redisEngines } from '../../support/redis-engines.ts'
import { makeUser, refusedOn } from '../../support/redis-rights.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'

const redis = await startRedis(t, EVERY_WRITE)
const url = `redis://${await makeUser(redis)}@127.0.0.1:${redis.port}`

async function openLink() {
  const link = new SingleLink({ url, clock: systemClock, random: systemRandom })
  await link.open()
  return { link, durability: { now: 'disk' as const, close: () => {} } }
}

engineContract(t, redisEngines(openLink))

t.test('the rights that docs/scaling.md gives are enough for all of it', async (t) => {
  t.same(await refusedOn(redis), [])
})
