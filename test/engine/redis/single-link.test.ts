// The link to one Redis: its answers, its channels, and what it says when Redis is away.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { linkSuite } from './link-suite.ts'

const redis = await startRedis(t, EVERY_WRITE)

async function linkTo(t: Test): Promise<SingleLink> {
  const link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  t.teardown(() => link.close())
  await link.open()
  return link
}

linkSuite(t, { open: linkTo, servers: [redis] })

t.test('a restart of Redis is another run, and what it hid is in doubt', async (t) => {
  const link = await linkTo(t)
  const heard: string[] = []
  const doubts: string[] = []
  link.onDoubt((reason) => doubts.push(reason))
  await link.subscribe('c', (message) => heard.push(message.toString()))
  const run = link.runOf('c')
  await redis.kill()
  await until(() => link.away !== null, { what: 'the link knows' })
  await t.rejects(link.send('a', ['GET', 'a']), EngineUnavailable)
  t.throws(() => link.runOf('c'), EngineUnavailable)
  t.same(doubts, [])
  await redis.start()
  await until(() => doubts.length === 1, { what: 'the link is back' })
  t.equal(link.away, null)
  t.not(link.runOf('c'), run)
  await link.send('c', ['SPUBLISH', 'c', 'after'])
  await until(() => heard.length === 1, { what: 'the channel is subscribed again' })
})

t.test('a Redis that hangs is given up within some seconds, and asked again', async (t) => {
  const link = await linkTo(t)
  redis.signal('SIGSTOP')
  const late = await link.send('a', ['GET', 'a']).then(
    () => null,
    (error) => error,
  )
  t.ok(late instanceof EngineUnavailable)
  t.equal(late.outcome, 'unknown')
  t.type(link.away, 'string')
  redis.signal('SIGCONT')
  await until(() => link.away === null, { what: 'the link is back' })
  t.equal(link.waiting, 0)
})

t.test('a primary that becomes a replica is left, and taken again when it is one', async (t) => {
  const link = await linkTo(t)
  const doubts: string[] = []
  link.onDoubt((reason) => doubts.push(reason))
  await redis.tell('REPLICAOF', '127.0.0.1', '1')
  const refused = await link.send('a', ['INCR', 'replica']).catch((error) => error)
  t.ok(refused instanceof EngineUnavailable)
  t.equal(refused.outcome, 'nothing')
  await until(() => /takes no writes/.test(link.away ?? ''), { what: 'the link says why' })
  await redis.tell('REPLICAOF', 'NO', 'ONE')
  await until(() => doubts.length === 1, { what: 'the link is back' })
  t.equal(await link.send('a', ['INCR', 'replica']), 1)
})
