// Quotas of a day over the ends of days and processes.
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable, type Full } from '../../../src/engine/engine.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import type { Holder } from '../../../src/engine/shares.ts'
import { openForReading, storeIn } from '../../../src/engine/sqlite/file.ts'
import type { Clock } from '../../../src/time/clock.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { draft } from '../../contract/support/samples.ts'
import { ANN, BACKEND, BOB } from '../../contract/support/shares.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { boundsWithin } from '../../support/memory-shares.ts'
import { until } from '../../support/until.ts'
import { startChild } from './child.ts'

const LIMITS = { storedBytesPerDayPerUser: 1_000, newRoomsPerDayPerUser: 2 }
const OVER = { limit: 'storedBytesPerDayPerUser' }

async function opened(t: Test, folder: string, clock: Clock = systemClock): Promise<Engine> {
  const settings = { kind: 'sqlite', folder, lockWaitMs: 10_000 } as const
  const engine = await openEngine(settings, clock, boundsWithin(LIMITS))
  t.teardown(() => engine.close())
  return engine
}

interface Saying {
  holder?: Holder
  room?: string
}

async function say({ log }: Engine, bytes: number, { holder = ANN, room = 'chat:1' }: Saying = {}) {
  const options = { retention: { messages: 100, ageMs: null }, key: null, holder }
  return log.append(room, draft('x'.repeat(bytes)), options)
}

/** The bound for which a draft was refused; null when it was kept. */
async function refusal(said: Promise<unknown>): Promise<Full | null> {
  try {
    await said
    return null
  } catch (error) {
    if (error instanceof EngineUnavailable) return error.full
    throw error
  }
}

/** What the store has of a day: bytes and rooms of each holder. */
function used(folder: string) {
  const db = openForReading(storeIn(folder))
  try {
    const rows = db.prepare('SELECT holder, bytes, rooms FROM daily_use ORDER BY holder').all()
    return rows.map(({ holder, bytes, rooms }) => [holder, bytes, rooms])
  } finally {
    db.close()
  }
}

t.test('[S45] a quota is whole again at midnight (UTC), and says when that is', async (t) => {
  const clock = new ManualClock()
  const engine = await opened(t, t.testdir({}), clock)
  await say(engine, 1_000)
  const leftMs = 86_400_000 - (clock.now() % 86_400_000)
  t.match(await refusal(say(engine, 1)), { ...OVER, retryAfter: leftMs / 1_000 })
  clock.jump(leftMs - 1)
  t.match(await refusal(say(engine, 1)), { ...OVER, retryAfter: 1 })
  clock.jump(1)
  await say(engine, 1_000)
})

t.test('[S45] what was used of the day survives a restart', async (t) => {
  const folder = t.testdir({})
  const first = await opened(t, folder)
  await say(first, 600)
  await say(first, 10, { holder: BOB, room: 'chat:2' })
  await first.close()
  t.same(used(folder), [
    ['u_ann', 600, 1],
    ['u_bob', 10, 1],
  ])
  const second = await opened(t, folder)
  t.match(await refusal(say(second, 401)), OVER)
  await say(second, 400, { room: 'chat:3' })
  const begun = say(second, 0, { room: 'chat:4' })
  t.match(await refusal(begun), { limit: 'newRoomsPerDayPerUser' })
})

t.test('[S45] what was used survives kill -9 once some seconds have passed', async (t) => {
  const folder = t.testdir({})
  const child = startChild(t, ['use-quota.ts', folder])
  t.equal(await child.line(), 'used')
  await until(() => used(folder).length > 0)
  await child.kill()
  t.same(used(folder), [['u_ann', 900, 1]])
  const engine = await opened(t, folder)
  t.match(await refusal(say(engine, 101)), OVER)
  await say(engine, 100)
})

t.test('what was used of former days leaves the store', async (t) => {
  const folder = t.testdir({})
  const clock = new ManualClock()
  const engine = await opened(t, folder, clock)
  await say(engine, 600)
  await clock.advance(2_000)
  await until(() => used(folder).length === 1)
  clock.jump(86_400_000)
  await until(async () => {
    await clock.advance(2_000)
    return used(folder).length === 0
  })
  await t.resolves(say(engine, 1_000), 'and the new day is whole')
})

t.test('[C222] keys of a day are bounded of a user, of an address and of a /48', async (t) => {
  const clock = new ManualClock()
  const bounds = boundsWithin()
  const { storedKeys } = bounds
  const most = (count: number) => ({
    ...(storedKeys.user ?? { bytes: null, sentence: '' }),
    count: { limit: 'storedKeys' as const, most: count },
  })
  const rows = { ...bounds, storedKeys: { ...storedKeys, user: most(2), address: most(3) } }
  const folder = t.testdir({})
  const settings = { kind: 'sqlite', folder, lockWaitMs: 0 } as const
  let engine = await openEngine(settings, clock, rows)
  t.teardown(() => engine.close())
  let said = 0
  const keyed = (user: string | null, address: string | null, server: string | null = null) => {
    said += 1
    const key = { sender: `${user} ${server}`, value: `k${said}` }
    const options = { retention: { messages: 100, ageMs: null }, key }
    const holder = { user, address, server }
    return refusal(Promise.resolve(engine.log.append('a', draft('x'), { ...options, holder })))
  }
  const over = { limit: 'storedKeys', reply: { status: 429, error: 'quota_reached' } }
  const here = '192.0.2.1'
  t.same([await keyed('ann', here), await keyed('ann', here)], [null, null])
  t.match(await keyed('ann', '192.0.2.9'), over, 'wherever the user is')
  t.equal(await refusal(say(engine, 1, { holder: { ...ANN, user: 'ann' } })), null, 'without a key')
  t.equal(await keyed('bob', here), null)
  t.match(await keyed('bob', here), over, 'all of one address')
  t.equal(await keyed('bob', null), null, 'an exempt address')
  t.equal(await keyed(null, null, 'shop'), null, 'server keys have no quota')
  for (let n = 0; n < 12; n += 1) t.equal(await keyed(`u${n}`, `2001:db8:1:${n}::/64`), null)
  t.match(await keyed('eve', '2001:db8:1:99::/64'), over, 'a /48 has four times as many')
  await engine.close()
  engine = await openEngine(settings, clock, rows)
  t.match(await keyed('bob', '198.51.100.1'), over, 'after a restart too')
  clock.jump(86_400_000)
  t.equal(await keyed('ann', here), null, 'a day later')
})

t.test('[C222] all keys together are bounded, and a tenth is for server keys', async (t) => {
  const bounds = boundsWithin()
  const { storedKeys } = bounds
  const all = { ...storedKeys, all: storedKeys.all && { ...storedKeys.all } }
  if (all.all !== null) all.all.count = { limit: 'storedKeys', most: 10 }
  const rows = { ...bounds, storedKeys: all }
  const engine = await openEngine({ kind: 'memory' }, systemClock, rows)
  t.teardown(() => engine.close())
  const keyed = (value: string, holder: Holder = ANN) => {
    const key = { sender: 'u', value }
    const options = { retention: { messages: 100, ageMs: null }, key, holder }
    return refusal(Promise.resolve(engine.log.append('a', draft('x'), options)))
  }
  for (let n = 0; n < 9; n += 1) t.equal(await keyed(`k${n}`), null)
  const full = { limit: 'storedKeys', reply: { status: 503 }, retryAfter: 3_600 }
  t.match(await keyed('k9'), full)
  t.equal(await keyed('k8'), null, 'a retry has its answer')
  t.equal(await keyed('k9', BACKEND), null)
  t.match(await keyed('k10', BACKEND), full)
})
