// The contract of an engine itself: its node id, its lease, and its end.
import type { Test } from 'tap'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { account, draft } from './support/samples.ts'
import { nodesOf, type Subject, soon } from './support/suite-setup.ts'

const KEPT = { messages: 100, ageMs: null }

export function lifeContract(t: Test, { openShared, lapse, cutOff }: Subject): void {
  t.test('an engine says what a suite can do to it', async (t) => {
    const isAlone = nodesOf(await openShared(t)).length === 1
    t.equal(lapse === null, isAlone, 'with two nodes a lease can lapse')
    t.equal(cutOff === null, isAlone, 'with two nodes one can be cut off')
  })

  t.test('an engine that is open is ready and has a node id', async (t) => {
    for (const engine of await openShared(t)) {
      t.same(engine.health(), { ready: true })
      t.match(engine.node, /^[a-zA-Z0-9]{8,32}$/)
    }
  })

  t.test('node ids are unique, of nodes that share and of others', async (t) => {
    const engines = [...nodesOf(await openShared(t)), ...nodesOf(await openShared(t))]
    t.equal(new Set(engines.map(({ node }) => node)).size, engines.length)
  })

  t.test('closing finishes the calls that it accepted', async (t) => {
    const [engine] = await openShared(t)
    const created = Array.from({ length: 50 }, () => engine.accounts.create(account()))
    await engine.close()
    t.same(new Set(await Promise.all(created)), new Set(['created']))
  })

  t.test('calls under way are kept or refused, and the other node goes on', async (t) => {
    const [closing, staying] = await openShared(t)
    const options = { retention: KEPT, key: null, holder: NO_HOLDER }
    const appends = Array.from({ length: 50 }, async (_, i) =>
      closing.log.append('chat:1', draft(`${i}`), options),
    )
    await closing.close()
    const outcomes = await Promise.allSettled(appends)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') t.ok(outcome.reason instanceof EngineUnavailable)
    }
    const kept = outcomes.filter(({ status }) => status === 'fulfilled').length
    if (staying === closing) return
    t.equal((await staying.log.head('chat:1')).offset, kept)
    t.same(staying.health(), { ready: true })
  })

  t.test('a closed engine turns every call away and is not ready', async (t) => {
    const [engine] = await openShared(t)
    await engine.close()
    await engine.close()
    await t.rejects(engine.accounts.create(account()), EngineUnavailable)
    await t.rejects(engine.accounts.byUser('u_1'), EngineUnavailable)
    t.match(engine.health(), { ready: false, reason: /closed/ })
  })

  t.test('a node whose lease lapsed takes another id, and says so', async (t) => {
    const [engine, other] = await openShared(t)
    const former = engine.node
    const renewed: string[][] = []
    engine.onRenewed((...ids) => renewed.push(ids))
    const stop = engine.onRenewed((...ids) => renewed.push(ids))
    stop()
    stop()
    if (lapse === null) {
      await engine.presence.list('chat:1')
      t.same([engine.node, renewed], [former, []], 'without a lapse it is never renewed')
      return
    }
    await lapse(engine)
    await soon(() => renewed.length > 0)
    t.same(renewed, [[former, engine.node]])
    t.equal(new Set([former, engine.node, other.node]).size, 3)
  })
}
