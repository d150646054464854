// Accounts, sessions, tickets, user status and failed attempts on Redis: the contracts, with two
// nodes.
import t, { type Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import { attemptContract } from '../../contract/attempt-store.ts'
import { accountContract, sessionContract } from '../../contract/identity-store.ts'
import { refreshContract } from '../../contract/refresh-store.ts'
import { alternating, type OpenStores } from '../../contract/support/suite-setup.ts'
import { ticketContract } from '../../contract/ticket-store.ts'
import { userStatusContract } from '../../contract/user-status-store.ts'
import { startRedis } from '../../support/redis-server.ts'
import { identityNodes } from './identity-node.ts'

const redis = await startRedis(t)

/** The suites use these stores alone. */
const openShared = async (t: Test) => {
  const open = identityNodes(redis)
  return [await open(t), await open(t)] as unknown as readonly [Engine, Engine]
}
const openStores: OpenStores = async (t) => alternating(await openShared(t))

t.test('accounts', async (t) => accountContract(t, openStores))
t.test('sessions', async (t) => sessionContract(t, openStores))
t.test('refresh tokens', async (t) => refreshContract(t, openStores))
t.test('tickets', async (t) => ticketContract(t, openStores))
t.test('user status', async (t) => userStatusContract(t, openShared))
t.test('failed attempts', async (t) => attemptContract(t, openStores))
