// The log on a real Redis, on two nodes: the contracts of messages, history and deletion.
import t, { type Test } from 'tap'
import { boundsOf } from '../../../src/engine/bounds.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { createMemoryShares } from '../../../src/engine/memory/shares.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { RedisLog } from '../../../src/engine/redis/log.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { deletionContract } from '../../contract/deletion.ts'
import { historyContract } from '../../contract/history.ts'
import { messageLogContract } from '../../contract/message-log.ts'
import type { OpenShared } from '../../contract/support/suite-setup.ts'
import { startRedis } from '../../support/redis-server.ts'
import { FaultyLink } from './faulty-link.ts'

const redis = await startRedis(t)
let services = 0

async function openNode(t: Test, keys: Keys): Promise<Engine> {
  const inner = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  await inner.open()
  const link = new FaultyLink(inner)
  const shares = createMemoryShares(boundsOf(DEFAULT_LIMITS), systemClock)
  const parts = { link, keys, clock: systemClock, shares, isLossless: false }
  const log = new RedisLog(parts)
  await log.open()
  t.teardown(async () => {
    log.close()
    await link.close()
  })
  return { log, link } as unknown as Engine
}

const openShared: OpenShared = async (t) => {
  services += 1
  const keys = new Keys(`t${services}:`)
  return [await openNode(t, keys), await openNode(t, keys)]
}

function cutOff(engine: Engine): () => void {
  const { link } = engine as unknown as { link: FaultyLink }
  link.cut()
  return () => link.back()
}

t.test('messages', async (t) => {
  messageLogContract(t, { openShared, openWithin: null, lapse: null, cutOff })
})
t.test('history', async (t) => historyContract(t, openShared))
t.test('deletion', async (t) => deletionContract(t, openShared))
