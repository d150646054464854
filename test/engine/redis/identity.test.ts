// Accounts, sessions, tickets, user status and failed attempts on Redis: the contracts with two
// nodes, and what a restart and a crash leave.
import t, { type Test } from 'tap'
import { boundsOf } from '../../../src/engine/bounds.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { createMemoryShares } from '../../../src/engine/memory/shares.ts'
import { type RedisIdentity, redisIdentity } from '../../../src/engine/redis/identity.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { attemptContract } from '../../contract/attempt-store.ts'
import { accountContract, sessionContract } from '../../contract/identity-store.ts'
import { refreshContract } from '../../contract/refresh-store.ts'
import { alternating, type OpenStores } from '../../contract/support/suite-setup.ts'
import { ticketContract } from '../../contract/ticket-store.ts'
import { userStatusContract } from '../../contract/user-status-store.ts'
import { startRedis } from '../../support/redis-server.ts'

const redis = await startRedis(t)
let prefixes = 0

interface Node {
  link: SingleLink
  identity: RedisIdentity
}

async function openNode(t: Test, keys: Keys): Promise<Node> {
  const own = { clock: systemClock, random: systemRandom }
  const link = new SingleLink({ url: redis.url, ...own })
  t.teardown(() => link.close())
  await link.open()
  const shares = createMemoryShares(boundsOf(DEFAULT_LIMITS), systemClock)
  const identity = await redisIdentity({ ...own, link, keys, shares, messagesKeptMs: null })
  t.teardown(() => identity.stop())
  return { link, identity }
}

async function openTwo(t: Test): Promise<readonly [Node, Node]> {
  prefixes += 1
  const keys = new Keys(`t${prefixes}:`)
  return [await openNode(t, keys), await openNode(t, keys)]
}

/** The suites use these stores alone. */
const openShared = async (t: Test) => {
  const [one, other] = await openTwo(t)
  return [one.identity, other.identity] as unknown as readonly [Engine, Engine]
}
const openStores: OpenStores = async (t) => alternating(await openShared(t))

t.test('accounts', async (t) => accountContract(t, openStores))
t.test('sessions', async (t) => sessionContract(t, openStores))
t.test('refresh tokens', async (t) => refreshContract(t, openStores))
t.test('tickets', async (t) => ticketContract(t, openStores))
t.test('user status', async (t) => userStatusContract(t, openShared))
t.test('failed attempts', async (t) => attemptContract(t, openStores))
