// The contract of failed attempts: every engine counts them over all nodes, and forgets them.
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { AttemptKey } from '../../src/engine/attempt-store.ts'
import type { OpenStores } from './support/suite-setup.ts'

const LONG_MS = 900_000
const ANN: AttemptKey = { kind: 'account', name: 'ann' }
const NOTHING = { failed: 0, agoMs: 0, cameFrom: null }

export function attemptContract(t: Test, open: OpenStores): void {
  t.test('a key without attempts counts nothing', async (t) => {
    const { attempts } = await open(t)
    t.same(await attempts.of(ANN), NOTHING)
  })

  t.test('100 failures at once are all counted, whichever node counts', async (t) => {
    const { attempts } = await open(t)
    await Promise.all(Array.from({ length: 100 }, () => attempts.failed(ANN, LONG_MS)))
    for (let node = 0; node < 2; node += 1) t.match(await attempts.of(ANN), { failed: 100 })
  })

  t.test('keys of one name and two kinds are two, as are two names', async (t) => {
    const { attempts } = await open(t)
    await attempts.failed(ANN, LONG_MS)
    t.same(await attempts.of({ kind: 'address', name: 'ann' }), NOTHING)
    t.same(await attempts.of({ kind: 'account', name: 'Ann' }), NOTHING)
  })

  t.test('it is known how long ago the last failure was', async (t) => {
    const { attempts } = await open(t)
    await attempts.failed(ANN, LONG_MS)
    await delay(50)
    const before = (await attempts.of(ANN)).agoMs
    t.ok(before >= 45 && before < 10_000, `${before} ms`)
    await attempts.failed(ANN, LONG_MS)
    t.ok((await attempts.of(ANN)).agoMs < before)
  })

  t.test('failures are forgotten together, after the last one', async (t) => {
    const { attempts } = await open(t)
    await attempts.failed(ANN, 400)
    await delay(250)
    await attempts.failed(ANN, 400)
    await delay(250)
    t.match(await attempts.of(ANN), { failed: 2 }, 'the second one kept the first')
    await delay(250)
    t.same(await attempts.of(ANN), NOTHING)
    await attempts.failed(ANN, 400)
    t.match(await attempts.of(ANN), { failed: 1 }, 'counted from one again')
  })

  t.test('a success forgets the failures and is remembered with its address', async (t) => {
    const { attempts } = await open(t)
    await attempts.failed(ANN, LONG_MS)
    await attempts.succeeded(ANN, '192.0.2.1')
    t.same(await attempts.of(ANN), { ...NOTHING, cameFrom: '192.0.2.1' })
    await attempts.failed(ANN, LONG_MS)
    t.match(await attempts.of(ANN), { failed: 1, cameFrom: '192.0.2.1' })
    await attempts.succeeded(ANN, '192.0.2.2')
    t.match(await attempts.of(ANN), { cameFrom: '192.0.2.2' }, 'the last address alone')
  })
}
