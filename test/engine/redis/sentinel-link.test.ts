// The link to the primary that Sentinels name, and its move to another one.
import t, { type Test } from 'tap'
import { openLink } from '../../../src/engine/redis/open-link.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { startWatched } from '../../support/redis-sentinels.ts'
import { keepEachWrite, type RedisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { linkSuite } from './link-suite.ts'

const { primary, replica, url, name } = await startWatched(t)

async function linkTo(t: Test): Promise<SingleLink> {
  const link = new SingleLink({ url, clock: systemClock, random: systemRandom })
  t.teardown(() => link.close())
  await link.open()
  return link
}

/** A Sentinel that makes it one closes its connections. */
async function isReplica(server: RedisServer): Promise<boolean> {
  return String(await server.tell('ROLE').catch(() => '')).startsWith('slave')
}

t.test('Sentinels may name a replica that lacks writes that were answered', async (t) => {
  await keepEachWrite(primary)
  const parts = { url, clock: systemClock, random: systemRandom }
  const { link, durability } = await openLink(parts, () => {})
  t.teardown(() => link.close())
  t.equal(durability.now, 'second')
  durability.close()
  await primary.tell('CONFIG', 'SET', 'appendonly', 'no')
})

linkSuite(t, { open: linkTo, servers: [primary] })

t.test('a name that no Sentinel knows is said', async (t) => {
  const wrong = { url: `${url}x`, clock: systemClock, random: systemRandom }
  const link = new SingleLink(wrong)
  t.teardown(() => link.close())
  await t.rejects(link.open(), /No such master/)
})

t.test('when the primary dies, the replica in its place is found, and doubt told', async (t) => {
  const link = await linkTo(t)
  const heard: string[] = []
  const doubts: string[] = []
  link.onDoubt((reason) => doubts.push(reason))
  await link.subscribe('c', (message) => heard.push(message.toString()))
  await link.send('kept', ['SET', 'kept', 'yes'])
  await link.send('kept', ['WAIT', '1', '5000'])
  const run = link.runOf('c')
  await primary.kill()
  await until(() => doubts.length === 1, { what: 'the link is at the replica' })
  t.not(link.runOf('c'), run)
  t.same(await link.send('kept', ['GET', 'kept']), Buffer.from('yes'))
  await link.send('c', ['SPUBLISH', 'c', 'after'])
  await until(() => heard.length === 1, { what: 'the channel is subscribed again' })
  // The old primary returns as a replica: nothing goes there.
  await primary.start()
  await until(() => isReplica(primary), { what: 'the old primary follows' })
  t.equal(link.away, null)
  t.equal(await link.send('n', ['INCR', 'moved']), 1)
  t.same(await replica.tell('GET', 'moved'), Buffer.from('1'))
})

t.test('a primary that Sentinels no longer name is left, though it answers', async (t) => {
  const link = await linkTo(t)
  const doubts: string[] = []
  link.onDoubt((reason) => doubts.push(reason))
  await name(primary)
  await until(() => doubts.length === 1, { what: 'the link is at the other one' })
  t.match(doubts, [/now 127\.0\.0\.1/])
  await link.send('n', ['SET', 'where', 'there'])
  t.same(await primary.tell('GET', 'where'), Buffer.from('there'))
  t.equal(await replica.tell('GET', 'where'), null)
})
