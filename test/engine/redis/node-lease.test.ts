// Which nodes live: a node that renews its lease keeps its id, over every trouble of Redis that is
// not its own, and one that does not is counted as gone.
import t from 'tap'
import type { LeaseTimes } from '../../../src/engine/redis/node-lease.ts'
import { redisSubject } from '../../support/redis-nodes.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t, EVERY_WRITE)
const { openNodes } = redisSubject(redis)
/** The proportions are those of a running server. */
const TIMES: LeaseTimes = { leaseMs: 900, renewMs: 150, silenceMs: 400, graceMs: 1_500 }

t.test('nodes know each other, and one that closes is gone at once', async (t) => {
  const [one, other] = await openNodes(t)
  await one.lease.renew()
  t.match(one.node, /^[0-9a-z]{8}$/)
  t.ok(one.lease.isLiving(other.node))
  t.equal(one.lease.otherNodes, 1)
  const { node } = other
  await other.close()
  await until(() => !one.lease.isLiving(node), { what: 'the other is gone', ms: 900 })
  t.ok(one.lease.isLiving(one.node))
  t.equal(one.lease.otherNodes, 0)
})

t.test('nodes know at once of one that comes', async (t) => {
  const times = { leaseMs: 120_000, renewMs: 60_000, silenceMs: 90_000, graceMs: 1_500 }
  const [one, other] = await openNodes(t, { times })
  await until(() => one.lease.otherNodes === 1, { what: 'the first knows the other', ms: 10_000 })
  t.ok(one.lease.isLiving(other.node))
})

t.test('a node that cannot renew its lease keeps its id until it finds it gone', async (t) => {
  const [one, other] = await openNodes(t, { times: TIMES })
  const former = other.node
  const renewed: string[][] = []
  const isPrepared: string[] = []
  other.lease.beforeEachId(async (node) => void isPrepared.push(`${node} not ${other.node}`))
  other.lease.onRenewed((...ids) => renewed.push(ids))
  await one.lease.renew()
  t.ok(one.lease.isLiving(former))
  const mend = other.link.cut()
  await until(() => !one.lease.isLiving(former), { what: 'its lease lapses' })
  t.equal(other.node, former)
  mend()
  await until(() => renewed.length > 0, { what: 'it takes another id' })
  t.same(renewed, [[former, other.node]])
  t.same(isPrepared, [`${other.node} not ${former}`])
  await one.lease.renew()
  t.ok(one.lease.isLiving(other.node))
})

t.test('nodes keep their ids while Redis is away, and the dead are gone later', async (t) => {
  const nodes = await openNodes(t, { times: TIMES })
  const [one, other] = nodes
  const dies = await one.another(t)
  const ids = nodes.map(({ node }) => node)
  await one.lease.renew()
  await redis.kill()
  await dies.die()
  await new Promise((resolve) => setTimeout(resolve, TIMES.leaseMs * 1.5))
  await redis.start()
  await until(() => nodes.every(({ link }) => link.away === null))
  await Promise.all(nodes.map(({ lease }) => lease.renew()))
  t.same(
    nodes.map(({ node }) => node),
    ids,
  )
  t.ok(one.lease.isLiving(dies.node), 'it might come back')
  await until(() => !one.lease.isLiving(dies.node), { what: 'it did not' })
  t.ok(one.lease.isLiving(other.node))
})

t.test('where Redis lost all leases every node takes another id', async (t) => {
  const nodes = await openNodes(t, { times: TIMES })
  const ids = nodes.map(({ node }) => node)
  await redis.kill()
  await redis.forget()
  await redis.start()
  await until(() => nodes.every(({ node }) => !ids.includes(node)), { what: 'all have another' })
  t.ok(nodes.every(({ lease }) => lease.isInGrace))
  await Promise.all(nodes.map(({ lease }) => lease.renew()))
  for (const { lease } of nodes) t.ok(nodes.every(({ node }) => lease.isLiving(node)))
})

t.test('renewals read the leases only where a node came or went', async (t) => {
  const [one, other] = await openNodes(t)
  const nodes = [one, other, await one.another(t), await one.another(t)]
  const renewAll = async () => {
    for (const { lease } of nodes) await lease.renew()
  }
  const reads = async (): Promise<number> => {
    const stats = String(await one.link.send('x', ['INFO', 'commandstats']))
    return Number(/cmdstat_zrange:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }
  await renewAll()
  const before = await reads()
  for (let time = 0; time < 3; time += 1) await renewAll()
  t.equal(await reads(), before, 'nothing has changed')
  const late = await one.another(t)
  await renewAll()
  await late.lease.renew()
  t.equal(await reads(), before + nodes.length + 1, 'each reads them once')
  t.ok([...nodes, late].every(({ lease }) => lease.isLiving(late.node)))
  const { node } = late
  await late.close()
  await renewAll()
  t.notOk(nodes.some(({ lease }) => lease.isLiving(node)))
})
