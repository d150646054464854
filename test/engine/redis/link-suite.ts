// What every link to Redis does, whether one server is behind it, one that Sentinels name, or a
// Cluster.
import { hash } from 'node:crypto'
import type { Test } from 'tap'
import type { RedisLink } from '../../../src/engine/redis/link.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

export interface LinkCase {
  /** Ready, and closed with the test. */
  open(t: Test): Promise<RedisLink>
  /** All that take writes. */
  servers: readonly RedisServer[]
}

const SAY_TEXT = "return { KEYS[1], ARGV[1], 7, redis.call('GET', KEYS[1]) }"
const SAY = { text: SAY_TEXT, sha: hash('sha1', SAY_TEXT) }
const MANY = Array.from({ length: 200 }, (_, at) => `{room-${at}}:c`)

export function linkSuite(t: Test, given: LinkCase): void {
  commands(t, given)
  channels(t, given)
  closing(t, given)
}

function commands(t: Test, { open }: LinkCase): void {
  t.test('bytes come back as they went, and lists as lists', async (t) => {
    const link = await open(t)
    const bytes = Buffer.from([0, 255, 13, 10, 36])
    t.same(await link.send('a', ['SET', 'a', bytes]), Buffer.from('OK'))
    t.same(await link.send('a', ['GET', 'a']), bytes)
    t.equal(await link.send('b', ['GET', 'b']), null)
    t.equal(await link.send('n', ['INCR', 'n']), 1)
  })

  t.test('what is asked in one turn comes back whole, whatever its size', async (t) => {
    const link = await open(t)
    const texts = Array.from({ length: 300 }, (_, at) => `${at} žluťoučký kůň 🐎 ${'x'.repeat(at)}`)
    const large = 'ž'.repeat(100_000)
    const answers = [...texts, large, ''].map((text) => link.send('e', ['ECHO', text]))
    t.same((await Promise.all(answers)).map(String), [...texts, large, ''])
  })

  t.test('a script runs by its name, and where Redis does not know it, by its text', async (t) => {
    const link = await open(t)
    const expected = [Buffer.from('k'), Buffer.from('x'), 7, null]
    t.same(await link.run(SAY, ['k'], ['x']), expected)
    await link.send('k', ['SCRIPT', 'FLUSH'])
    t.same(await link.run(SAY, ['k'], ['x']), expected)
  })

  t.test('a wrong command rejects with what Redis says', async (t) => {
    const link = await open(t)
    await link.send('w', ['SET', 'w', 'x'])
    await t.rejects(link.send('w', ['LPUSH', 'w', 'x']), /WRONGTYPE/)
  })
}

function channels(t: Test, { open, servers }: LinkCase): void {
  t.test('a channel is heard when its subscription resolves, by each node once', async (t) => {
    const [one, other] = [await open(t), await open(t)]
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

  t.test('many channels are heard in their order, and again on a fresh connection', async (t) => {
    const link = await open(t)
    const heard = new Map<string, string>()
    const doubted = new Set<string>()
    link.onDoubt((_, isConcerned) => {
      for (const channel of MANY.filter(isConcerned)) doubted.add(channel)
    })
    const hear = (channel: string) => (message: Buffer) => {
      heard.set(channel, `${heard.get(channel) ?? ''}${message}`)
    }
    await Promise.all(MANY.map((channel) => link.subscribe(channel, hear(channel))))
    await sayAll(link, ['1', '2', '3'])
    await until(() => isHeard(heard, '123'), { what: 'all are heard' })
    t.equal(doubted.size, 0)
    await Promise.all(servers.map((server) => server.tell('CLIENT', 'KILL', 'TYPE', 'pubsub')))
    await until(() => doubted.size === MANY.length, { what: 'all are in doubt' })
    await sayAll(link, ['4'])
    await until(() => isHeard(heard, '1234'), { what: 'all are heard again' })
  })
}

function closing(t: Test, { open }: LinkCase): void {
  t.test('a closed link answers what was asked, and nothing more', async (t) => {
    const link = await open(t)
    const asked = Array.from({ length: 100 }, () => link.send('m', ['INCR', 'm']))
    t.equal(link.waiting, 100)
    await link.close()
    t.equal((await Promise.all(asked)).at(-1), 100)
    await t.rejects(link.send('a', ['GET', 'a']), /closed/)
    await t.rejects(
      link.subscribe('a', () => {}),
      /closed/,
    )
    t.throws(() => link.runOf('a'), /closed/)
    await link.close()
  })
}

async function sayAll(link: RedisLink, words: readonly string[]): Promise<void> {
  const say = (word: string) =>
    MANY.map((channel) => link.send(channel, ['SPUBLISH', channel, word]))
  await Promise.all(words.flatMap(say))
}

function isHeard(heard: ReadonlyMap<string, string>, words: string): boolean {
  return MANY.every((channel) => heard.get(channel) === words)
}
