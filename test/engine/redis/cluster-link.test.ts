// The link to a Cluster of three primaries, whose slots move while they are in use.
import t, { type Test } from 'tap'
import { ClusterLink } from '../../../src/engine/redis/cluster-link.ts'
import { slotOf } from '../../../src/engine/redis/cluster-ranges.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { startCluster } from '../../support/redis-cluster.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { linkSuite } from './link-suite.ts'

const cluster = await startCluster(t)

async function linkTo(t: Test): Promise<ClusterLink> {
  const link = new ClusterLink({ url: cluster.url, clock: systemClock, random: systemRandom })
  t.teardown(() => link.close())
  await link.open()
  return link
}

function otherThan(server: RedisServer): RedisServer {
  const other = cluster.primaries.find((primary) => primary !== server)
  if (other === undefined) throw new Error('There is one server only.')
  return other
}

/** A name that is at this server, and stays. */
function nameAt(server: RedisServer): string {
  const names = Array.from({ length: 100 }, (_, at) => `name-${at}`)
  return names.find((name) => cluster.firstOwnerOf(slotOf(name)) === server) ?? ''
}

linkSuite(t, { open: linkTo, servers: cluster.primaries })

t.test('keys and channels are in the slots that Redis counts', async (t) => {
  for (const key of ['a', 'usher:{r:room}:s', '{}x', 'a{}{b}c', 'a{b', '{ü}', 'x{{y}}z', '']) {
    const [first] = cluster.primaries
    t.equal(await first?.tell('CLUSTER', 'KEYSLOT', key), slotOf(key), key)
  }
})

t.test('each primary has a run of its own', async (t) => {
  const link = await linkTo(t)
  const runs = new Set(Array.from({ length: 100 }, (_, at) => link.runOf(`${at}`)))
  t.equal(runs.size, 3)
})

t.test('a slot that moves while it is in use loses no command, and doubt is told', async (t) => {
  const links = [await linkTo(t), await linkTo(t)] as const
  const [link, other] = links
  const channel = '{moving}:c'
  const slot = slotOf(channel)
  const from = cluster.firstOwnerOf(slot)
  const to = otherThan(from)
  const heard: string[] = []
  const doubts: boolean[][] = []
  link.onDoubt((_, isConcerned) => doubts.push([isConcerned(channel), isConcerned('still')]))
  await link.subscribe('still', () => {})
  await link.subscribe(channel, (message) => heard.push(message.toString()))
  let answers = 0
  let isOver = false
  const count = async (link: ClusterLink) => {
    for (; !isOver; answers += 1) await link.send(channel, ['INCR', '{moving}:n'])
  }
  const counting = links.map(count)
  await cluster.beginMove(slot, from, to)
  await cluster.moveKeys(slot, from, to)
  const during = answers
  await until(() => answers > during + 20, { what: 'commands go on between the two' })
  await cluster.endMove(slot, from, to)
  await until(() => doubts.length === 1, { what: 'the channel is at its new server' })
  isOver = true
  await Promise.all(counting)
  t.same(doubts, [[true, false]])
  t.equal(Number(await other.send(channel, ['GET', '{moving}:n'])), answers)
  await other.send(channel, ['SPUBLISH', channel, 'after'])
  await until(() => heard.length === 1, { what: 'the channel is heard from there' })
})

t.test('a channel that ends while other commands wait is not taken for their answer', async (t) => {
  const link = await linkTo(t)
  const channels = Array.from({ length: 200 }, (_, at) => `{ending}:${at}`)
  const slot = slotOf('{ending}')
  const from = cluster.firstOwnerOf(slot)
  const to = otherThan(from)
  const heard = new Set<string>()
  const doubted = new Set<string>()
  link.onDoubt((_, isConcerned) => {
    for (const channel of channels.filter(isConcerned)) doubted.add(channel)
  })
  const subscribe = (channel: string) => link.subscribe(channel, () => heard.add(channel))
  await Promise.all(channels.map(subscribe))
  let isOver = false
  const busy = async () => {
    const others = Array.from({ length: 20 }, (_, at) => `{${nameAt(from)}}:${at}`)
    for (; !isOver; await new Promise(setImmediate)) {
      await Promise.all(others.map((channel) => link.subscribe(channel, () => {})))
      for (const channel of others) link.unsubscribe(channel)
    }
  }
  const running = busy()
  await cluster.beginMove(slot, from, to)
  await cluster.endMove(slot, from, to)
  await until(() => doubted.size === channels.length, { what: 'all are at their new server' })
  isOver = true
  await running
  const say = (channel: string) => link.send(channel, ['SPUBLISH', channel, 'x'])
  t.same(new Set(await Promise.all(channels.map(say))), new Set([1]))
  await until(() => heard.size === channels.length, { what: 'all are heard from there' })
})

t.test('a script of several keys waits while they are on two servers', async (t) => {
  const link = await linkTo(t)
  const keys = ['{parted}:a', '{parted}:b'] as const
  const slot = slotOf(keys[0])
  const from = cluster.firstOwnerOf(slot)
  const to = otherThan(from)
  await link.send(keys[0], ['SET', keys[0], '1'])
  await cluster.beginMove(slot, from, to)
  const text = "redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[2])"
  const answer = link.run({ text, sha: '0'.repeat(40) }, keys, [])
  await until(() => link.waiting > 0, { what: 'the script is refused for now' })
  await cluster.moveKeys(slot, from, to)
  await cluster.endMove(slot, from, to)
  t.equal(await answer, 1)
  t.same(await link.send(keys[0], ['GET', keys[0]]), Buffer.from('2'))
})

t.test('a primary that is away turns its own slots away at once, and no others', async (t) => {
  const link = await linkTo(t)
  const [first, second] = cluster.primaries as [RedisServer, RedisServer]
  const [there, elsewhere] = [nameAt(first), nameAt(second)]
  await first.kill()
  await until(() => link.away !== null, { what: 'the link knows' })
  await t.rejects(link.send(there, ['GET', there]), /ECONNREFUSED|closed/)
  t.throws(() => link.runOf(there), /ECONNREFUSED|closed/)
  t.equal(await link.send(elsewhere, ['GET', elsewhere]), null)
})
