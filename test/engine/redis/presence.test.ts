// Presence over nodes on Redis: what every engine promises, and what is told when a node dies and
// when Redis was away, with its data or without.
import t, { type Test } from 'tap'
import type { PresenceEntry } from '../../../src/engine/presence-store.ts'
import type { LeaseTimes } from '../../../src/engine/redis/node-lease.ts'
import { presenceContract } from '../../contract/presence-store.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { type RedisNode, redisSubject } from '../../support/redis-nodes.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t, EVERY_WRITE)
const { openNodes, subject } = redisSubject(redis)
/** The proportions are those of a running server. */
const SOON = {
  times: { leaseMs: 600, renewMs: 100, silenceMs: 250, graceMs: 1_000 } satisfies LeaseTimes,
  settleMs: 500,
}
const ROOM = 'chat:1'

function entry(connection: string): PresenceEntry {
  return { connection, user: 'u_ada', name: 'Ada', info: null }
}

async function enter({ presence }: RedisNode, ...connections: string[]): Promise<void> {
  await Promise.all(connections.map((each) => presence.enter(ROOM, entry(each))))
}

async function connectionsIn({ presence }: RedisNode): Promise<string[]> {
  return (await presence.list(ROOM)).map(({ connection }) => connection).sort()
}

/** What a watcher on this node is told: `+c`, `-c`, and `?` for a gap. */
async function watching({ presence }: RedisNode): Promise<string[]> {
  const told: string[] = []
  await presence.watch(ROOM, {
    onEntered: ({ connection }) => told.push(`+${connection}`),
    onLeft: ({ connection }) => told.push(`-${connection}`),
    onGap: () => told.push('?'),
  })
  return told
}

/** What was told beside gaps, which may be told at any time. */
const changes = (told: readonly string[]) => told.filter((each) => each !== '?')

async function fields({ link, keys }: RedisNode): Promise<number> {
  const hash = keys.room(ROOM, 'p')
  return (await link.send(hash, ['HLEN', hash])) as number
}

async function untilBack(...nodes: RedisNode[]): Promise<void> {
  await until(() => nodes.every(({ link }) => link.away === null), { what: 'the links are back' })
}

t.test('the contract', async (t: Test) => presenceContract(t, subject))

t.test('many changes at once have their effect in their order', async (t) => {
  const [one, other] = await openNodes(t)
  const told = await watching(other)
  const many = Array.from({ length: 1_300 }, (_, i) => `c${i}`)
  const all = [enter(one, ...many)]
  for (const each of many.slice(2)) all.push(one.presence.leave(ROOM, each))
  await Promise.all(all)
  t.same(await connectionsIn(other), ['c0', 'c1'])
  await until(() => told.length === 2_598, { what: 'all are told' })
  t.same(told, [...many.map((each) => `+${each}`), ...many.slice(2).map((each) => `-${each}`)])
})

t.test('a node that dies leaves everywhere, once, and nothing is left of it', async (t) => {
  const [one, other] = await openNodes(t, SOON)
  const dies = await one.another(t)
  const told = [await watching(one), await watching(other)]
  await enter(dies, 'd1', 'd2')
  await enter(one, 'c1')
  await until(() => told.every(({ length }) => length === 3))
  await dies.die()
  t.same(await connectionsIn(other), ['c1', 'd1', 'd2'], 'it may be alive')
  await until(() => told.every(({ length }) => length === 5), { what: 'it is told' })
  t.same(await connectionsIn(other), ['c1'])
  t.same(await connectionsIn(await one.another(t)), ['c1'])
  await until(async () => (await fields(one)) === 1, { what: 'its entries are deleted' })
  for (const each of told) t.same(each.toSorted(), ['+c1', '+d1', '+d2', '-d1', '-d2'])
})

t.test('a node that was cut off for long has left, and comes again', async (t) => {
  const [one, other] = await openNodes(t, SOON)
  const [told, ofOther] = [await watching(one), await watching(other)]
  await enter(other, 'c1', 'c2')
  await until(() => told.length === 2)
  const mend = other.link.cut()
  await until(() => told.length === 4, { what: 'its connections left' })
  await t.rejects(other.presence.leave(ROOM, 'c2'), { name: 'EngineUnavailable' })
  mend()
  await until(() => told.length === 5, { what: 'what did not leave comes again' })
  t.same(told.toSorted(), ['+c1', '+c1', '+c2', '-c1', '-c2'])
  for (const node of [one, other]) t.same(await connectionsIn(node), ['c1'])
  t.ok(ofOther.includes('?'))
})

t.test('while Redis is away, and when it is back with its data, no leave is told', async (t) => {
  const nodes = await openNodes(t, SOON)
  const [one, other] = nodes
  const dies = await one.another(t)
  const told = [await watching(one), await watching(other)]
  await enter(one, 'c1')
  await enter(dies, 'd1')
  await until(() => told.every(({ length }) => length === 2))
  await redis.kill()
  await dies.die()
  await new Promise((resolve) => setTimeout(resolve, SOON.times.leaseMs * 1.5))
  await redis.start()
  await untilBack(one, other)
  t.same(await connectionsIn(other), ['c1', 'd1'])
  await until(() => told.every((each) => each.includes('?')), { what: 'gaps are told' })
  for (const each of told) t.same(changes(each), ['+c1', '+d1'])
  await until(() => told.every((each) => each.includes('-d1')), { what: 'the dead node left' })
  for (const each of told) t.same(changes(each), ['+c1', '+d1', '-d1'])
  for (const node of nodes) t.same(await connectionsIn(node), ['c1'])
})

t.test('where Redis lost its data, nodes enter all again and no leave is told', async (t) => {
  const [one, other] = await openNodes(t, SOON)
  const dies = await one.another(t)
  const told = [await watching(one), await watching(other)]
  await enter(one, 'c1', 'c2')
  await enter(other, 'c3')
  await enter(dies, 'd1')
  await until(() => told.every(({ length }) => length === 4))
  await redis.kill()
  await dies.die()
  await redis.forget()
  await redis.start()
  await untilBack(one, other)
  t.same(await connectionsIn(one), ['c1', 'c2', 'c3', 'd1'], 'nothing seems to have left')
  await until(() => told.every((each) => each.includes('?')), { what: 'gaps are told' })
  await until(async () => (await connectionsIn(other)).length === 3, { what: 'a node is gone' })
  await until(() => told.every((each) => each.includes('-d1')), { what: 'which is told' })
  for (const each of told) t.same(changes(each).toSorted(), ['+c1', '+c2', '+c3', '+d1', '-d1'])
  await enter(await other.another(t), 'c4')
  t.same(await connectionsIn(one), ['c1', 'c2', 'c3', 'c4'])
})

t.test('the dead have left when those that live had their time, not a renewal later', async (t) => {
  const times = { leaseMs: 120_000, renewMs: 60_000, silenceMs: 90_000, graceMs: 3_000 }
  const [one, other] = await openNodes(t, { times, settleMs: 500 })
  const dies = await one.another(t)
  const told = [await watching(one), await watching(other)]
  await enter(one, 'c1')
  await enter(dies, 'd1')
  await until(() => told.every(({ length }) => length === 2))
  await redis.kill()
  await dies.die()
  await redis.forget()
  await redis.start()
  await untilBack(one, other)
  await until(() => told.every((each) => each.includes('?')), { what: 'gaps are told' })
  for (const node of [one, other]) t.same(await connectionsIn(node), ['c1', 'd1'])
  await until(() => told.every((each) => each.includes('-d1')), { what: 'it is told', ms: 10_000 })
  for (const each of told) t.same(changes(each), ['+c1', '+d1', '-d1'])
  for (const node of [one, other]) t.same(await connectionsIn(node), ['c1'])
})

t.test('two nodes that were cut off together are right again', async (t) => {
  const [one, other] = await openNodes(t, SOON)
  const third = await one.another(t)
  const told = await watching(third)
  await enter(one, 'c1')
  await enter(other, 'c2')
  await enter(third, 'c3')
  await until(() => told.length === 3)
  const mends = [one.link.cut(), other.link.cut()]
  await until(() => told.length === 5, { what: 'both are gone' })
  t.same(await connectionsIn(third), ['c3'])
  for (const mend of mends) mend()
  await until(() => told.length === 7, { what: 'both are there' })
  t.same(told.toSorted(), ['+c1', '+c1', '+c2', '+c2', '+c3', '-c1', '-c2'])
  for (const node of [one, other, third]) t.same(await connectionsIn(node), ['c1', 'c2', 'c3'])
})

t.test('what Redis lost unseen is entered again within an hour', async (t) => {
  const clock = new ManualClock()
  const [one, other] = await openNodes(t, { clock })
  await enter(one, 'c1')
  const hash = one.keys.room(ROOM, 'p')
  await one.link.send(hash, ['DEL', hash])
  clock.leap(3_600_000)
  await clock.advance(1)
  await until(async () => (await connectionsIn(other)).length === 1)
  t.same(await connectionsIn(other), ['c1'])
})
