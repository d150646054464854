// What every engine must do. An engine's test registers it with a way to open a fresh one.
import type { Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../src/engine/engine.ts'
import type { Revocation } from '../../src/protocol/identity.ts'
import { historyContract } from './history.ts'
import { accountContract, sessionContract } from './identity-store.ts'
import { messageLogContract } from './message-log.ts'
import type { OpenEmpty } from './openers.ts'
import { refreshContract } from './refresh-store.ts'
import { account } from './samples.ts'
import { ticketContract } from './ticket-store.ts'
import { userStatusContract } from './user-status-store.ts'

/** Registers every suite as subtests of `t`. */
export function engineContract(t: Test, open: OpenEmpty): void {
  async function opened(t: Test): Promise<Engine> {
    const engine = await open(t)
    t.teardown(() => engine.close())
    return engine
  }
  t.test('accounts', async (t) => accountContract(t, opened))
  t.test('sessions', async (t) => sessionContract(t, opened))
  t.test('tickets', async (t) => ticketContract(t, opened))
  t.test('refresh tokens', async (t) => refreshContract(t, opened))
  t.test('standings', async (t) => userStatusContract(t, opened))
  t.test('messages', async (t) => messageLogContract(t, opened))
  t.test('history', async (t) => historyContract(t, opened))
  t.test('revocations', async (t) => revocationsContract(t, opened))
  t.test('opening and closing', async (t) => lifeContract(t, opened))
}

function revocationsContract(t: Test, open: OpenEmpty): void {
  t.test('a revocation reaches every follower', async (t) => {
    const { revocations } = await open(t)
    const heard: Revocation[] = []
    revocations.follow((revocation) => heard.push(revocation))
    revocations.follow((revocation) => heard.push(revocation))
    await revocations.revoke({ session: 's_1' })
    await revocations.revoke({ user: 'u_1' })
    t.same(heard, [{ session: 's_1' }, { session: 's_1' }, { user: 'u_1' }, { user: 'u_1' }])
  })

  t.test('a follower that stopped hears no more', async (t) => {
    const { revocations } = await open(t)
    const heard: Revocation[] = []
    const onRevoked = (revocation: Revocation) => heard.push(revocation)
    const stop = revocations.follow(onRevoked)
    revocations.follow(onRevoked)
    stop()
    stop()
    await revocations.revoke({ user: 'u_1' })
    t.equal(heard.length, 1, 'the other one still does')
  })
}

function lifeContract(t: Test, open: OpenEmpty): void {
  t.test('an engine that is open is ready and has a node id', async (t) => {
    const engine = await open(t)
    t.same(engine.health(), { ready: true })
    t.match(engine.node, /^\S{8,}$/)
  })

  t.test('two engines have different node ids', async (t) => {
    const engines = [await open(t), await open(t)]
    t.not(engines[0]?.node, engines[1]?.node)
  })

  t.test('closing finishes what was accepted', async (t) => {
    const engine = await open(t)
    const created = Array.from({ length: 50 }, () => engine.accounts.create(account()))
    await engine.close()
    t.same(new Set(await Promise.all(created)), new Set(['created']))
  })

  t.test('a closed engine turns every call away and is not ready', async (t) => {
    const engine = await open(t)
    await engine.close()
    await engine.close()
    await t.rejects(engine.accounts.create(account()), EngineUnavailable)
    await t.rejects(engine.accounts.byUser('u_1'), EngineUnavailable)
    t.match(engine.health(), { ready: false, reason: /closed/ })
  })
}
