// Links to Redis while primaries hang, are demoted, and die: with real Sentinels and a Cluster that
// has replicas.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { ClusterLink } from '../../src/engine/redis/cluster-link.ts'
import { slotOf } from '../../src/engine/redis/cluster-ranges.ts'
import type { RedisLink } from '../../src/engine/redis/link.ts'
import { SingleLink } from '../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../src/time/random.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import { startWatched } from '../support/redis-sentinels.ts'
import { until } from '../support/until.ts'

type Kind = typeof SingleLink | typeof ClusterLink

async function linkTo(t: Test, Link: Kind, url: string): Promise<RedisLink> {
  const link = new Link({ url, clock: systemClock, random: systemRandom })
  t.teardown(() => link.close())
  await link.open()
  return link
}

/** Writes one after the other until told to stop; resolves with what is known of them. */
function write(t: Test, link: RedisLink, key: string) {
  let isOver = false
  t.teardown(() => {
    isOver = true
  })
  let [done, unknown] = [0, 0]
  const one = async () => {
    try {
      await link.send(key, ['INCR', key])
      done += 1
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error
      if (error.outcome === 'unknown') unknown += 1
      await new Promise((next) => setTimeout(next, 5))
    }
  }
  const all = async () => {
    while (!isOver) await one()
  }
  const running = all()
  const stop = async () => {
    isOver = true
    await running
    return { done, unknown }
  }
  return { stop, done: () => done }
}

/** What is stored is what was answered, and at most what was in doubt beside. */
async function checkCount(t: Test, link: RedisLink, key: string, counted: Counted) {
  const { done, unknown } = counted
  let stored = Number.NaN
  const read = async () => Number(await link.send(key, ['GET', key]))
  const isRead = async () => {
    stored = await read().catch(() => Number.NaN)
    return !Number.isNaN(stored)
  }
  await until(isRead, { what: 'the count can be read' })
  t.ok(stored >= done, `${stored} stored, ${done} answered`)
  t.ok(stored <= done + unknown, `${stored} stored, ${done} answered, ${unknown} in doubt`)
}

interface Counted {
  done: number
  unknown: number
}

t.test('a primary that hangs is left for the one that three Sentinels name', async (t) => {
  const { primary, replica, url } = await startWatched(t, 3)
  const link = await linkTo(t, SingleLink, url)
  const doubts: string[] = []
  link.onDoubt((reason) => doubts.push(reason))
  await link.subscribe('c', () => {})
  primary.signal('SIGSTOP')
  t.teardown(() => primary.signal('SIGCONT'))
  await until(() => doubts.length === 1, { what: 'the link is at the replica' })
  t.equal(await link.send('n', ['INCR', 'n']), 1)
  primary.signal('SIGCONT')
  for (let count = 2; count < 100; count += 1) t.equal(await link.send('n', ['INCR', 'n']), count)
  t.same(await replica.tell('GET', 'n'), Buffer.from('99'))
  t.equal(link.away, null)
})

function keyAt(cluster: RedisCluster, place: number): string {
  const keys = Array.from({ length: 100 }, (_, at) => `key-${at}`)
  const isThere = (key: string) => cluster.firstOwnerOf(slotOf(key)) === cluster.primaries[place]
  return keys.find(isThere) ?? ''
}

t.test('a replica takes the place of a primary of a Cluster', async (t) => {
  const cluster = await startCluster(t, { replicas: true })
  const link = await linkTo(t, ClusterLink, cluster.url)
  const [there, elsewhere] = [keyAt(cluster, 0), keyAt(cluster, 1)]
  const heard: string[] = []
  const doubts: boolean[][] = []
  const hear = (message: Buffer) => heard.push(message.toString())
  link.onDoubt((_, isConcerned) => doubts.push([there, elsewhere].map(isConcerned)))
  for (const channel of [there, elsewhere]) await link.subscribe(channel, hear)
  const run = link.runOf(there)
  const writing = write(t, link, `{${elsewhere}}:n`)
  await cluster.primaries[0]?.kill()
  await until(() => doubts.length > 0, { what: 'the channel is at the replica' })
  t.same(doubts, [[true, false]])
  t.not(link.runOf(there), run)
  t.equal(link.away, null)
  // For a moment the replica may know of no quorum yet.
  const say = () => link.send(there, ['SPUBLISH', there, 'after']).then(() => true)
  await until(() => say().catch(() => false), { what: 'the replica takes commands' })
  await until(() => heard.includes('after'), { what: 'the channel is heard from there' })
  const counted = await writing.stop()
  t.equal(counted.unknown, 0)
  await checkCount(t, link, `{${elsewhere}}:n`, counted)
})

t.test('a primary and its replica of a Cluster change places while both are in use', async (t) => {
  const cluster = await startCluster(t, { replicas: true })
  const link = await linkTo(t, ClusterLink, cluster.url)
  const key = keyAt(cluster, 0)
  const heard: string[] = []
  const doubts: string[] = []
  link.onDoubt((reason, isConcerned) => isConcerned(key) && doubts.push(reason))
  await link.subscribe(key, (message) => heard.push(message.toString()))
  const writing = write(t, link, `{${key}}:n`)
  await until(() => writing.done() > 100, { what: 'writes go on' })
  const state = () => cluster.replicas[0]?.tell('INFO', 'replication')
  const isUp = async () => String(await state()).includes('master_link_status:up')
  await until(isUp, { what: 'the replica has all that was before' })
  // Redis gives up after 5 s where the replica was not in step in time.
  for (let tries = 0; tries < 5 && doubts.length === 0; tries += 1) {
    await cluster.replicas[0]?.tell('CLUSTER', 'FAILOVER')
    await until(() => doubts.length > 0, {
      what: 'the channel is at the other one',
      ms: 10_000,
    }).catch(() => undefined)
  }
  t.ok(doubts.length > 0, 'the channel is at the other one')
  await link.send(key, ['SPUBLISH', key, 'after'])
  await until(() => heard.includes('after'), { what: 'the channel is heard from there' })
  await checkCount(t, link, `{${key}}:n`, await writing.stop())
})
