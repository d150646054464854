// Failed attempts in memory: an effect before the call returns, and a bound.
import t from 'tap'
import type { AttemptKey } from '../../../src/engine/attempt-store.ts'
import { MemoryAttempts } from '../../../src/engine/memory/attempts.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const FORGET_MS = 1_000
const HELD_MAX = 50_000

const account = (name: string): AttemptKey => ({ kind: 'account', name })

t.test('a failure counts from the call on, not from its answer', async (t) => {
  const attempts = new MemoryAttempts(new ManualClock())
  const failed = attempts.failed(account('ann'), FORGET_MS)
  const seen = attempts.of(account('ann'))
  await failed
  t.match(await seen, { failed: 1 })
})

t.test(
  'the key whose last failure is longest ago is forgotten when too many are kept',
  async (t) => {
    const attempts = new MemoryAttempts(new ManualClock())
    for (let n = 0; n < HELD_MAX; n += 1) void attempts.failed(account(`${n}`), FORGET_MS)
    await attempts.failed(account('0'), FORGET_MS)
    await attempts.failed({ kind: 'address', name: 'another kind' }, FORGET_MS)
    await attempts.failed(account('one more'), FORGET_MS)
    t.match(await attempts.of(account('1')), { failed: 0 })
    t.match(await attempts.of(account('0')), { failed: 2 })
    t.match(await attempts.of(account('2')), { failed: 1 })
  },
)

t.test('failures are forgotten on the moment', async (t) => {
  const clock = new ManualClock()
  const attempts = new MemoryAttempts(clock)
  await attempts.failed(account('ann'), FORGET_MS)
  await clock.advance(FORGET_MS - 1)
  t.same(await attempts.of(account('ann')), { failed: 1, agoMs: FORGET_MS - 1, cameFrom: null })
  await clock.advance(1)
  t.same(await attempts.of(account('ann')), { failed: 0, agoMs: 0, cameFrom: null })
})
