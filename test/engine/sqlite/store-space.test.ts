// A store that is full, by what it has or by what is free on its volume, and one that fits again.
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../../src/engine/engine.ts'
import type { Retention } from '../../../src/engine/message-log.ts'
import { spaceOf } from '../../../src/engine/quotas.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { openSqlite } from '../../../src/engine/sqlite/engine.ts'
import { type Measured, StoreSpace } from '../../../src/engine/sqlite/store-space.ts'
import { DEFAULT_LIMITS, type Limits } from '../../../src/protocol/limits.ts'
import { ANN, BOB, move, receiptsOf } from '../../contract/support/receipts.ts'
import { account, draft, session } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { boundsWithin } from '../../support/memory-shares.ts'
import { until } from '../../support/until.ts'

const MIB = 1_048_576
const GIB = 1_024 * MIB
const KEPT: Retention = { messages: 100_000, ageMs: null }
const CHECK_MS = 2_000

const ROOMY: Measured = { bytes: MIB, freeInside: 0, volume: { bytes: 100 * GIB, free: 50 * GIB } }

async function limitFor(measured: Measured, limits: Partial<Limits> = {}) {
  const space = new StoreSpace(spaceOf({ ...DEFAULT_LIMITS, ...limits }), async () => measured)
  await space.check()
  return space.refusal?.full?.limit ?? null
}

t.test('[S45] a store is full at storeBytes, or when little is free on its volume', async (t) => {
  const free = (bytes: number, of = 100 * GIB, freeInside = 0) => ({
    ...{ ...ROOMY, freeInside, volume: { bytes: of, free: bytes } },
  })
  t.equal(await limitFor(ROOMY), null)
  t.equal(await limitFor(ROOMY, { storeBytes: MIB + 1 }), null)
  t.equal(await limitFor(ROOMY, { storeBytes: MIB }), 'storeBytes')
  t.equal(await limitFor(free(GIB)), null)
  t.equal(await limitFor(free(GIB - 1)), 'storeFreeBytes')
  t.equal(await limitFor(free(GIB - 1, 5 * GIB)), null, 'a fifth of a small volume')
  t.equal(await limitFor(free(0), { storeFreeBytes: null }), null)
  t.equal(await limitFor(free(0, GIB, 100 * MIB)), null, 'it does not grow')
  t.equal(await limitFor({ ...ROOMY, volume: null }), null, 'a store in memory')
})

t.test('what cannot be measured changes nothing', async (t) => {
  let measure = async (): Promise<Measured> => ROOMY
  const space = new StoreSpace(spaceOf({ ...DEFAULT_LIMITS, storeBytes: 10 }), () => measure())
  await space.check()
  measure = () => Promise.reject(new Error('the volume is gone'))
  await space.check()
  t.equal(space.refusal?.full?.limit, 'storeBytes')
  t.same(space.use, { bytes: MIB, free: 50 * GIB })
})

/** A store on a volume whose free bytes a test sets. */
async function opened(t: Test, limits: Partial<Limits> = {}) {
  const clock = new ManualClock()
  const volume = { bsize: MIB, blocks: 100 * 1_024, bavail: 50 * 1_024 }
  const settings = { kind: 'sqlite', folder: t.testdir({}), lockWaitMs: 0 } as const
  const engine = await openSqlite(settings, clock, boundsWithin(limits), {
    statfs: async () => volume,
  })
  t.teardown(() => engine.close())
  const checked = (isReady: boolean) =>
    until(async () => {
      await clock.advance(CHECK_MS)
      return engine.health().ready === isReady
    })
  return { clock, volume, engine, checked }
}

async function say({ log }: Engine, text: string, retention: Retention | null = KEPT) {
  return log.append('chat:1', draft(text), { retention, key: null, holder: NO_HOLDER })
}

/** How a call was refused. */
async function refusal(called: Promise<unknown>) {
  const error = await called.then(
    () => null,
    (error: unknown) => error,
  )
  return error instanceof EngineUnavailable ? error.refusal : error
}

const FULL = { reply: { error: 'store_full', status: 507, code: 100 }, retryAfter: 30 }

t.test('[S45] a full volume stops messages and accounts, and nothing else', async (t) => {
  const { clock, volume, engine, checked } = await opened(t)
  const ada = account()
  await engine.accounts.create(ada)
  await say(engine, 'before')
  await say(engine, 'wrong')
  t.same(engine.health(), { ready: true })
  volume.bavail = 1_023
  await checked(false)
  t.match(await refusal(say(engine, 'x')), { ...FULL, limit: 'storeFreeBytes' })
  t.match(await refusal(engine.accounts.create(account())), { ...FULL, limit: 'storeFreeBytes' })
  t.match(engine.health(), {
    ready: false,
    reason: /1072693248 bytes are free there, and storeFreeBytes/,
  })
  t.equal(engine.storage.free, 1_023 * MIB)
  t.match(await say(engine, 'x', null), { position: null }, 'rooms without history')
  t.equal((await engine.log.head('chat:1')).offset, 2)
  t.equal(await engine.log.redact('chat:1', 2), true)
  t.equal(await engine.sessions.create(session(ada)), true, 'log-in')
  t.equal(await engine.accounts.remove(ada.user, clock.now()), true)
  volume.bavail = 1_024
  await checked(true)
  t.match(await say(engine, 'after'), { position: { offset: 3 } })
})

t.test('[S45] a full volume takes no new participants, and receipts move on', async (t) => {
  const { volume, engine, checked } = await opened(t)
  await move(engine, ANN, { delivered: 0 })
  for (const text of ['one', 'two']) await say(engine, text)
  volume.bavail = 1_023
  await checked(false)
  t.match(await refusal(move(engine, BOB, { read: 1 })), { ...FULL, limit: 'storeFreeBytes' })
  const added = receiptsOf(engine).add('chat:1', BOB, NO_HOLDER)
  t.match(await refusal(added), { ...FULL, limit: 'storeFreeBytes' })
  t.same(await move(engine, ANN, { read: 2 }), { delivered: 2, read: 2 })
  t.equal(await receiptsOf(engine).remove('chat:1', ANN.user), true)
})

t.test('[S45] retention makes a store fit again, without a restart', async (t) => {
  const { clock, engine, checked } = await opened(t, { storeBytes: 40 * MIB })
  const retention = { messages: 100_000, ageMs: 86_400_000 }
  await until(async () => {
    const texts = Array.from({ length: 32 }, () => 'x'.repeat(65_536))
    await Promise.allSettled(texts.map((text) => say(engine, text, retention)))
    await clock.advance(CHECK_MS)
    return !engine.health().ready
  })
  t.match(await refusal(say(engine, 'x', retention)), { ...FULL, limit: 'storeBytes' })
  t.match(engine.health(), { ready: false, reason: /storeBytes is 41943040/ })
  clock.jump(2 * 86_400_000)
  await checked(true)
  t.match(await say(engine, 'x', retention), { repeated: false })
  t.ok((engine.storage.bytes ?? 0) < 40 * MIB)
})
