// The link to one Redis: its answers, its channels, and what it says when Redis is away.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t, EVERY_WRITE)
const SAY = { text: "return { KEYS[1], ARGV[1], 7, redis.call('GET', KEYS[1]) }", sha: '' }

async function linkTo(t: Test): Promise<SingleLink> {
  const link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  t.teardown(() => link.close())
  await link.open()
  return link
}

t.test('bytes come back as they went, and lists as lists', async (t) => {
  const link = await linkTo(t)
  const bytes = Buffer.from([0, 255, 13, 10, 36])
  t.same(await link.send('a', ['SET', 'a', bytes]), Buffer.from('OK'))
  t.same(await link.send('a', ['GET', 'a']), bytes)
  t.equal(await link.send('b', ['GET', 'b']), null)
  t.equal(await link.send('n', ['INCR', 'n']), 1)
})

t.test('a script runs by its name, and where Redis does not know it, by its text', async (t) => {
  const link = await linkTo(t)
  const { hash } = await import('node:crypto')
  const say = { ...SAY, sha: hash('sha1', SAY.text) }
  const expected = [Buffer.from('k'), Buffer.from('x'), 7, null]
  t.same(await link.run(say, ['k'], ['x']), expected)
  await link.send('k', ['SCRIPT', 'FLUSH'])
  t.same(await link.run(say, ['k'], ['x']), expected)
})

t.test('a wrong command rejects with what Redis says', async (t) => {
  const link = await linkTo(t)
  await t.rejects(link.send('a', ['LPUSH', 'a', 'x']), /WRONGTYPE/)
})

t.test('a channel is heard from when its subscription resolves, by each node once', async (t) => {
  const [one, other] = [await linkTo(t), await linkTo(t)]
  const heard: string[] = []
  await one.subscribe('c', (message) => heard.push(`one ${message}`))
  await other.subscribe('c', (message) => heard.push(`other ${message}`))
  await one.send('c', ['SPUBLISH', 'c', Buffer.from('x')])
  await until(() => heard.length === 2, { what: 'both hear' })
  t.same(heard.sort(), ['one x', 'other x'])
  one.unsubscribe('c')
  await until(async () => (await one.send('c', ['SPUBLISH', 'c', 'y'])) === 1, {
    what: 'one listener is left',
  })
})

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

t.test('a closed link answers what was asked, and nothing more', async (t) => {
  const link = await linkTo(t)
  const asked = Array.from({ length: 100 }, () => link.send('n', ['INCR', 'many']))
  await link.close()
  t.equal((await Promise.all(asked)).at(-1), 100)
  await t.rejects(link.send('a', ['GET', 'a']), /closed/)
  await link.close()
})
