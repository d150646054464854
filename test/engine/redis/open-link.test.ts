// What a Redis is, as a node finds it when it opens its link, and later on.
import t, { type Test } from 'tap'
import type { Durability } from '../../../src/engine/engine.ts'
import { RedisDurability } from '../../../src/engine/redis/durability.ts'
import { openLink } from '../../../src/engine/redis/open-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { type RedisCluster, startCluster } from '../../support/redis-cluster.ts'
import { makeUser } from '../../support/redis-rights.ts'
import { EVERY_WRITE, keepEachWrite, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

async function opened(t: Test, url: string) {
  const parts = { url, clock: systemClock, random: systemRandom }
  const { link, durability } = await openLink(parts, () => {})
  t.teardown(async () => {
    durability.close()
    await link.close()
  })
  return { link, durability }
}

async function found(t: Test, url: string): Promise<Durability> {
  return (await opened(t, url)).durability.now
}

t.test('what Redis keeps is seen while it changes, and a replica may lack some', async (t) => {
  const redis = await startRedis(t, EVERY_WRITE)
  const { link, durability: first } = await opened(t, redis.url)
  t.equal(first.now, 'disk')
  const clock = new ManualClock()
  const later = new RedisDurability({ link, clock, isWatched: false })
  t.teardown(() => later.close())
  const becomes = async (expected: Durability) => {
    await clock.advance(10_000)
    await until(() => later.now === expected, { what: `it is ${expected}` })
  }
  await becomes('disk')
  const isFollowed = async () =>
    String(await redis.tell('INFO', 'replication')).includes('state=online')
  const settings = ['--repl-diskless-sync-delay', '0']
  const replica = await startRedis(t, [...settings, '--replicaof', '127.0.0.1', `${redis.port}`])
  await until(isFollowed, { what: 'a replica' })
  await becomes('second')
  t.equal(await found(t, redis.url), 'second')
  await redis.tell('CONFIG', 'SET', 'appendonly', 'no')
  await becomes('memory')

  await keepEachWrite(replica)
  await replica.tell('REPLICAOF', 'NO', 'ONE')
  t.equal(await found(t, replica.url), 'second', 'it has taken over, and none follows it')
})

t.test('it is looked at when the link is back, too', async (t) => {
  const redis = await startRedis(t, EVERY_WRITE)
  const { link, durability } = await opened(t, redis.url)
  let doubts = 0
  link.onDoubt(() => {
    doubts += 1
  })
  await redis.tell('CONFIG', 'SET', 'appendfsync', 'everysec')
  await redis.tell('CLIENT', 'KILL', 'TYPE', 'normal')
  await until(() => durability.now === 'second', { what: 'it is seen' })
  t.equal(doubts, 1)
})

/** As the user with the least rights. */
async function urlOf({ primaries, replicas }: RedisCluster): Promise<string> {
  let url = ''
  for (const server of [...primaries, ...replicas]) {
    url = `redis://${await makeUser(server)}@127.0.0.1:${server.port}`
  }
  return url
}

t.test('a Cluster loses no answered write where it has no replicas', async (t) => {
  const cluster = await startCluster(t, { primaries: 1 })
  for (const primary of cluster.primaries) await keepEachWrite(primary)
  t.equal(await found(t, await urlOf(cluster)), 'disk')
})

t.test('the address of a replica of a Cluster leads to its primaries', async (t) => {
  const cluster = await startCluster(t, { primaries: 1, replicas: true })
  for (const primary of cluster.primaries) await keepEachWrite(primary)
  const { link, durability } = await opened(t, await urlOf(cluster))
  t.equal(durability.now, 'second')
  await link.send('n', ['INCR', 'usher:n'])
  t.same(await cluster.primaries[0]?.tell('GET', 'usher:n'), Buffer.from('1'))
})

t.test('an IPv6 address is one', async (t) => {
  const redis = await startRedis(t, ['--bind', '127.0.0.1', '::1'])
  const { link } = await opened(t, `redis://[::1]:${redis.port}`)
  await link.subscribe('c', () => {})
  t.equal(await link.send('c', ['SPUBLISH', 'c', 'x']), 1)
})
