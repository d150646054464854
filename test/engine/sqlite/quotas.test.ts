// Quotas of a day over the ends of days and processes.
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable, type Full } from '../../../src/engine/engine.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { openForReading, storeIn } from '../../../src/engine/sqlite/file.ts'
import type { Clock } from '../../../src/time/clock.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { draft } from '../../contract/support/samples.ts'
import { ANN, BOB } from '../../contract/support/shares.ts'
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

async function say({ log }: Engine, bytes: number, { holder = ANN, room = 'chat:1' } = {}) {
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
  await say(engine, 1_000)
})
