// Commands that go to the connection of another node, over nodes on Redis.
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { uplinkContract } from '../../contract/uplinks.ts'
import { ManualClock, moveUntil } from '../../support/manual-clock.ts'
import { redisSubject } from '../../support/redis-nodes.ts'
import { startRedis } from '../../support/redis-server.ts'

const redis = await startRedis(t)
const { openNodes, subject } = redisSubject(redis)
const FRAME = {
  ...{ session: 'digest', payload: Buffer.from('{}'), binary: false },
  ...{ page: null, logIn: null },
}

t.test('the contract', async (t: Test) => uplinkContract(t, subject))

t.test('a client that knows a former id of the node still reaches it', async (t) => {
  const [one, other] = await openNodes(t)
  await other.uplinks.follow(() => true)
  const former = other.node
  await other.lapse()
  t.not(other.node, former)
  t.equal(await one.uplinks.send(former, FRAME), true)
})

t.test('a node that died is known to be none, and one that hangs within 3 s', async (t) => {
  const clock = new ManualClock()
  const [one, other] = await openNodes(t, { clock })
  await other.uplinks.follow(() => true)
  const mend = other.link.cut()
  const sent = one.uplinks.send(other.node, FRAME).catch((error) => error)
  await moveUntil(clock, sent)
  const error = await sent
  t.ok(error instanceof EngineUnavailable)
  t.equal(error.outcome, 'unknown')
  mend()
  t.equal(await one.uplinks.send(other.node, FRAME), true)
  await other.die()
  t.equal(await one.uplinks.send(other.node, FRAME), false)
})

t.test('what waits for the answers of other nodes is bounded', async (t) => {
  const [one, other] = await openNodes(t)
  await other.uplinks.follow(() => true)
  const sent = Array.from({ length: 1_001 }, () => one.uplinks.send(other.node, FRAME))
  const outcomes = await Promise.allSettled(sent)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  t.equal(refused.length, 1)
  t.equal(await one.uplinks.send(other.node, FRAME), true)
})
