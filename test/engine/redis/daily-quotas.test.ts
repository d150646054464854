// Quotas of a day on two nodes and one Redis: the contract, the order of drafts that wait, and what
// is left of a quota after deaths, losses and midnight.
import t, { type Test } from 'tap'
import type { Bounds } from '../../../src/engine/bounds.ts'
import { type Engine, EngineUnavailable, type Full } from '../../../src/engine/engine.ts'
import { createMemoryShares } from '../../../src/engine/memory/shares.ts'
import type { PageQuery } from '../../../src/engine/message-log.ts'
import { DailyQuotas } from '../../../src/engine/redis/daily-quotas.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import type { RedisLink } from '../../../src/engine/redis/link.ts'
import { RedisLog } from '../../../src/engine/redis/log.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import type { Holder } from '../../../src/engine/shares.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { quotaContract } from '../../contract/quotas.ts'
import { draft } from '../../contract/support/samples.ts'
import { ANN, BACKEND, BOB } from '../../contract/support/shares.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { boundsWithin } from '../../support/memory-shares.ts'
import { startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t)
const DAY_SECONDS = 86_400
const KEPT = { messages: 1_000, ageMs: null }
const ALL: PageQuery = {
  ...{ retention: KEPT, after: 0, before: null, limit: 1_000, bytes: 1e6, order: 'asc' },
  asker: { queue: 'pages', holder: ANN },
}
const OVER = { limit: 'storedBytesPerDayPerUser' }
let opened = 0

class Node {
  readonly clock = new ManualClock()
  readonly link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  readonly quotas: DailyQuotas
  readonly log: RedisLog
  readonly keys: Keys
  /** How many scripts Redis was asked to run for quotas, and for the log. */
  asked = 0
  appends = 0
  /** What the log is answered where it may begin a room. */
  failure: Error | null = null

  constructor(keys: Keys, bounds: Bounds) {
    const { clock, link } = this
    this.keys = keys
    const ofQuotas = watched(link, () => {
      this.asked += 1
    })
    const ofLog = watched(link, (args) => {
      this.appends += 1
      if (this.failure !== null && args[8] === 'begin') throw this.failure
    })
    this.quotas = new DailyQuotas(bounds, { link: ofQuotas, keys, clock })
    this.log = new RedisLog({
      ...{ link: ofLog, keys, clock: systemClock, shares: createMemoryShares(bounds, clock) },
      ...{ isLossless: () => false, quotas: this.quotas },
    })
  }

  async open(t: Test): Promise<void> {
    await this.link.open()
    await this.log.open()
    t.teardown(() => {
      this.log.close()
      return this.link.close()
    })
  }

  async said(room: string): Promise<string[]> {
    const { messages } = await this.log.read(room, ALL)
    return messages.map(({ payload }) => payload.toString())
  }

  async say(bytes: number | string, holder: Holder = ANN, room = 'chat:1'): Promise<Full | null> {
    const text = typeof bytes === 'string' ? bytes : 'x'.repeat(bytes)
    const options = { retention: KEPT, key: null, holder }
    return refusal(this.log.append(room, draft(text), options))
  }

  async used(user: string, field: string): Promise<number> {
    const key = this.keys.user(user, 'use')
    return Number(await this.link.send(key, ['HGET', key, field]))
  }
}

/** The link, each of whose scripts is told first. */
function watched(link: SingleLink, onRun: (args: readonly unknown[]) => void): RedisLink {
  return new Proxy(link, {
    get: (_, name: keyof SingleLink) => {
      if (name !== 'run') {
        const value = link[name]
        return typeof value === 'function' ? value.bind(link) : value
      }
      return async (...[script, keys, args]: Parameters<RedisLink['run']>) => {
        onRun(args)
        return link.run(script, keys, args)
      }
    },
  })
}

/** The bound for which a draft was refused; null when it was kept. */
async function refusal(said: Promise<unknown>): Promise<Full | null> {
  try {
    await said
    return null
  } catch (error) {
    if (error instanceof EngineUnavailable && error.full !== null) return error.full
    throw error
  }
}

async function nodes(t: Test, bounds: Bounds): Promise<[Node, Node]> {
  opened += 1
  const keys = new Keys(`t${opened}:`)
  const made: [Node, Node] = [new Node(keys, bounds), new Node(keys, bounds)]
  for (const node of made) await node.open(t)
  return made
}

const within = (t: Test, bytes: number) =>
  nodes(t, boundsWithin({ storedBytesPerDayPerUser: bytes, newRoomsPerDayPerUser: 100 }))

quotaContract(t, async (t, limits) => {
  const [one, other] = await nodes(t, boundsWithin(limits))
  return [one as unknown as Engine, other as unknown as Engine]
})

t.test('nearly all drafts of a user ask Redis nothing, and server keys ask nothing', async (t) => {
  const [one] = await within(t, 100_000)
  await one.say(10)
  const before = one.asked
  for (let n = 0; n < 99; n += 1) await one.say(10)
  t.equal(one.asked, before, 'a hundredth of the day was taken at once')
  await one.say(10)
  t.equal(one.asked, before + 1)
  for (let n = 0; n < 10; n += 1) await one.say(1_000, BACKEND)
  t.equal(one.asked, before + 1)
})

t.test('near its end a quota is used to the last byte, on both nodes', async (t) => {
  const [one, other] = await within(t, 1_000)
  let kept = 0
  for (let n = 0; n < 1_010; n += 1) {
    if ((await (n % 2 ? one : other).say(1)) === null) kept += 1
  }
  t.equal(kept, 1_000)
})

t.test('drafts of one user are appended in their order, whatever they wait for', async (t) => {
  const [one] = await within(t, 100_000)
  const said: Promise<unknown>[] = []
  const texts = Array.from({ length: 300 }, (_, n) => `${n}${'.'.repeat((n * 37) % 400)}`)
  for (const [n, text] of texts.entries()) {
    said.push(one.say(text, ANN, `chat:${n % 3}`))
    if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(said)
  for (const room of [0, 1, 2]) {
    const expected = texts.filter((_, n) => n % 3 === room)
    t.same(await one.said(`chat:${room}`), expected)
  }
  t.equal(await one.used('u_ann', 'rooms'), 3)
})

t.test('what one user waits for holds up no other', async (t) => {
  const [one] = await within(t, 1_000)
  await one.say(1, BOB)
  const { appends } = one
  const said = [one.say(500), one.say(9, BOB)]
  t.equal(one.appends, appends + 1, 'at once')
  t.same(await Promise.all(said), [null, null])
})

t.test('what was refused or unknown: the first is given back, the second is used', async (t) => {
  const [one] = await within(t, 1_000)
  one.failure = new EngineUnavailable('away')
  for (let n = 0; n < 5; n += 1) await t.rejects(one.say(900), /away/)
  t.equal(await one.used('u_ann', 'rooms'), 0)
  one.failure = new EngineUnavailable('lost', null, 'unknown')
  await t.rejects(one.say(900), /lost/)
  one.failure = null
  t.match(await one.say(101), OVER)
  t.equal(await one.say(100), null)
})

t.test('a node that stops gives back what it did not use, also after a minute', async (t) => {
  const [one, other] = await within(t, 100_000)
  await one.say(10)
  t.equal(await one.used('u_ann', 'bytes'), 1_000)
  await other.say(10)
  t.equal(await one.used('u_ann', 'bytes'), 2_000)
  await other.clock.advance(120_000)
  await until(async () => (await one.used('u_ann', 'bytes')) === 1_010, { what: 'it is idle' })
  t.equal(other.quotas.holders, 0)
  await one.quotas.close()
  t.equal(await one.used('u_ann', 'bytes'), 20)
})

t.test('[S45] what was used survives a node that is killed, and its portion is used', async (t) => {
  const [killed, other] = await within(t, 100_000)
  for (let n = 0; n < 3; n += 1) await killed.say(700)
  t.equal(await other.used('u_ann', 'bytes'), 3_000)
  for (let n = 0; n < 97; n += 1) t.equal(await other.say(1_000), null)
  t.match(await other.say(1_000), OVER)
})

t.test('[S45] a quota is whole again at midnight (UTC), and says when that is', async (t) => {
  const [one, other] = await within(t, 10_000)
  await one.say(5_000)
  await other.say(4_950)
  const leftSeconds = DAY_SECONDS - ((Date.now() / 1_000) % DAY_SECONDS)
  const over = await one.say(5_000)
  t.match(over, { ...OVER, reply: { status: 429 } })
  t.ok(Math.abs((over?.retryAfter ?? 0) - leftSeconds) < 60)
  const key = one.keys.user('u_ann', 'use')
  const ms = Number(await one.link.send(key, ['PTTL', key]))
  t.ok(Math.abs(ms / 1_000 - leftSeconds) < 60, 'Redis forgets it then')
  await one.link.send(key, ['DEL', key])
  t.equal(await one.say(9_000), null)
  one.clock.leap(ms)
  await one.link.send(key, ['DEL', key])
  t.equal(await one.say(1), null)
  t.equal(await one.used('u_ann', 'bytes'), 100, 'what was held of the former day is over')
})

t.test('while Redis is away nothing is kept that it should count', async (t) => {
  const [one] = await within(t, 10_000)
  await one.say(1)
  await redis.kill()
  await until(() => one.link.away !== null, { what: 'the link knows' })
  for (const bytes of [50, 200]) {
    const error = await one.say(bytes).catch((error) => error)
    t.ok(error instanceof EngineUnavailable)
    t.equal(error.outcome, 'nothing')
  }
  await redis.start()
  await until(() => one.link.away === null, { what: 'the link is back' })
  t.equal(await one.say(9_900), null, 'this Redis kept nothing of the day')
  t.match(await one.say(200), OVER)
})

t.test('[C222] keys of a day are bounded of a user, of an address, a /48 and all', async (t) => {
  const bounds = boundsWithin()
  const { storedKeys } = bounds
  const most = (count: number) => ({
    ...(storedKeys.user ?? { bytes: null, sentence: '' }),
    count: { limit: 'storedKeys' as const, most: count },
  })
  const rows = { ...storedKeys, user: most(2), address: most(3), all: most(60) }
  const [one, other] = await nodes(t, { ...bounds, storedKeys: rows })
  let said = 0
  const keyed = (user: string | null, address: string | null, server: string | null = null) => {
    said += 1
    const key = { sender: `${user} ${server}`, value: `k${said}` }
    const options = { retention: KEPT, key, holder: { user, address, server } }
    return refusal((said % 2 ? one : other).log.append('a', draft('x'), options))
  }
  const over = { limit: 'storedKeys', reply: { status: 429, error: 'quota_reached' } }
  const here = '192.0.2.1'
  t.same([await keyed('ann', here), await keyed('ann', here)], [null, null])
  t.match(await keyed('ann', '192.0.2.9'), over, 'wherever the user is')
  t.equal(await one.say(1, { ...ANN, user: 'ann' }, 'a'), null, 'without a key')
  t.equal(await keyed('bob', here), null)
  t.match(await keyed('bob', here), over, 'all of one address')
  t.equal(await keyed('bob', null), null, 'an exempt address')
  for (let n = 0; n < 12; n += 1) t.equal(await keyed(`u${n}`, `2001:db8:1:${n}::/64`), null)
  t.match(await keyed('eve', '2001:db8:1:99::/64'), over, 'a /48 has four times as many')
  for (let n = 0; n < 11; n += 1) t.equal(await keyed(`v${n}`, null), null)
  const full = { limit: 'storedKeys', reply: { status: 503 }, retryAfter: 3_600 }
  t.match(await keyed('fay', null), full, 'nine tenths of those of a day: half of what is kept')
  t.equal(await keyed(null, null, 'shop'), null, 'a tenth is for server keys')
})
