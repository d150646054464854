// What a Redis is, as a node finds it when it opens its link.
import t, { type Test } from 'tap'
import { openLink } from '../../../src/engine/redis/open-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { startCluster } from '../../support/redis-cluster.ts'
import { startWatched } from '../../support/redis-sentinels.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

async function found(t: Test, url: string) {
  const parts = { url, clock: systemClock, random: systemRandom }
  const { link, durability, isLossless } = await openLink(parts, () => {})
  t.teardown(() => link.close())
  return { durability, isLossless }
}

t.test('a Redis that keeps every write loses none where no replica can take over', async (t) => {
  const redis = await startRedis(t, EVERY_WRITE)
  t.same(await found(t, redis.url), { durability: 'disk', isLossless: true })
  await startRedis(t, ['--replicaof', '127.0.0.1', `${redis.port}`])
  const isFollowed = async () =>
    String(await redis.tell('INFO', 'replication')).includes('connected_slaves:1')
  await until(isFollowed, { what: 'a replica' })
  t.same(await found(t, redis.url), { durability: 'disk', isLossless: false })
})

t.test('Sentinels may name a replica that lacks writes that were answered', async (t) => {
  const { primary, url } = await startWatched(t)
  await primary.tell('CONFIG', 'SET', 'appendonly', 'yes')
  await primary.tell('CONFIG', 'SET', 'appendfsync', 'always')
  t.same(await found(t, url), { durability: 'disk', isLossless: false })
})

t.test('a Cluster loses no answered write where it has no replicas', async (t) => {
  for (const replicas of [false, true]) {
    const { primaries, url } = await startCluster(t, { replicas })
    await primaries[0]?.tell('CONFIG', 'SET', 'appendonly', 'yes')
    await primaries[0]?.tell('CONFIG', 'SET', 'appendfsync', 'always')
    t.same(await found(t, url), { durability: 'disk', isLossless: !replicas })
  }
})
