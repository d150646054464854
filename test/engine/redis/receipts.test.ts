// Receipts on Redis: how long its keys live, lists that a crash left, who went away, and how seldom
// nodes are told.
import t from 'tap'
import { engineOn } from '../../../src/engine/redis/engine.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { packedRow, rowIn } from '../../../src/engine/redis/receipt-row.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { ANN, BOB, EVE, move, moveIn, publish, write } from '../../contract/support/receipts.ts'
import { draft } from '../../contract/support/samples.ts'
import { soon } from '../../contract/support/suite-setup.ts'
import { boundsWithin } from '../../support/memory-shares.ts'
import { startRedis } from '../../support/redis-server.ts'

const DAY_MS = 86_400_000
const ROOM = 'chat:1'
const redis = await startRedis(t)
let services = 0

/** A node of a service of its own, and what Redis keeps of a room of it. */
async function openNode(t: { teardown(end: () => Promise<void>): void }) {
  const link = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  await link.open()
  services += 1
  const keys = new Keys(`r${services}:`)
  const durability = { now: 'second' as const, close: () => {} }
  const parts = { clock: systemClock, bounds: boundsWithin() }
  const engine = await engineOn({ link, durability }, keys, parts)
  t.teardown(() => engine.close())
  const keyOf = (part: string) => keys.room(ROOM, part)
  return {
    ...{ engine, receipts: engine.receipts, keys, keyOf },
    ttl: async (part = 'm') => Number(await redis.tell('PTTL', keyOf(part))),
    roomsOf: (user: string) => keys.user(user, 'rooms'),
    /** As if so much time had passed since this participant was seen. */
    async leaveAlone(user: string, ms: number) {
      const row = rowIn((await redis.tell('HGET', keyOf('rp'), user)) as Buffer)
      const seenAt = row.seenAt - ms
      await redis.tell('HSET', keyOf('rp'), user, packedRow({ ...row, seenAt }))
      await redis.tell('ZADD', keyOf('rs'), 'XX', String(seenAt), user)
    },
    /** Counts how often this node is told. */
    async count() {
      const counter = { told: 0 }
      await engine.receipts.watch(ROOM, () => {
        counter.told += 1
      })
      return counter
    },
  }
}

t.test('a room that has participants is not forgotten, and one that had is', async (t) => {
  const { engine, receipts, ttl, keyOf } = await openNode(t)
  const options = { retention: { messages: 10, ageMs: DAY_MS }, key: null, holder: NO_HOLDER }
  const say = async () => engine.log.append(ROOM, draft('x'), options)
  await say()
  t.ok((await ttl()) > 30 * DAY_MS)
  for (const owner of [ANN, BOB]) await move(engine, owner, { delivered: 0 })
  t.equal(await ttl(), -1)
  // As if its messages were to expire soon: the next one puts that off.
  await redis.tell('HSET', keyOf('m'), 'until', '1')
  await say()
  t.equal(await ttl(), -1)
  t.ok((await ttl('s')) > DAY_MS, 'its messages are')
  await receipts.remove(ROOM, ANN.user)
  t.equal(await ttl(), -1)
  await receipts.remove(ROOM, BOB.user)
  t.ok((await ttl()) > 30 * DAY_MS)
  t.equal(await ttl('rp'), -2)
  await say()
  t.equal((await engine.log.head(ROOM)).offset, 3, 'the same epoch')

  await receipts.add('chat:2', ANN, NO_HOLDER)
  await receipts.remove('chat:2', ANN.user)
  const rooms = await engine.log.list({ after: null, limit: 9, holder: NO_HOLDER })
  t.same(
    rooms.map(({ room }) => room),
    [ROOM],
    'nothing is left of a room without messages',
  )
  await move(engine, ANN, { delivered: 0 })
  await engine.log.deleteRoom(ROOM)
  t.ok((await ttl()) > 29 * DAY_MS)
  for (const part of ['rp', 'rj', 'rd', 'rr', 'rs']) t.equal(await ttl(part), -2, part)
})

t.test("what a crash left in the list of a user's rooms, or took, is mended", async (t) => {
  const { engine, receipts, roomsOf, leaveAlone } = await openNode(t)
  const query = { user: ANN.user, before: null, limit: 10, holder: NO_HOLDER }
  const listed = async () => (await receipts.rooms(query)).map(({ room }) => room)
  await move(engine, ANN, { delivered: 0 })
  await redis.tell('ZADD', roomsOf(ANN.user), '0', 'chat:never')
  t.same(await listed(), [ROOM])
  t.equal(await redis.tell('ZCARD', roomsOf(ANN.user)), 1)
  await redis.tell('DEL', roomsOf(ANN.user))
  await receipts.seen(ANN.user, [ROOM])
  t.same(await listed(), [], 'they were seen just now')
  await leaveAlone(ANN.user, DAY_MS)
  await receipts.seen(ANN.user, [ROOM])
  t.same(await listed(), [ROOM])
})

t.test('a user of many rooms is removed from all, and lists the newest of all', async (t) => {
  const { engine, receipts, roomsOf } = await openNode(t)
  const moves = Array.from({ length: 1_100 }, (_, i) => moveIn(`chat:${i}`, { delivered: 0 }))
  await receipts.move(ANN, moves, NO_HOLDER)
  for (const room of ['chat:1099', 'chat:7', 'chat:600']) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    await publish(engine, room, 1)
  }
  const query = { user: ANN.user, before: null, limit: 3, holder: NO_HOLDER }
  t.same(
    (await receipts.rooms(query)).map(({ room }) => room),
    ['chat:600', 'chat:7', 'chat:1099'],
  )
  await receipts.removeUser(ANN.user)
  t.same(await receipts.rooms(query), [])
  t.match(await receipts.sums('chat:900', 10), { participants: 0 })
  t.equal(await redis.tell('EXISTS', roomsOf(ANN.user)), 0)
})

t.test('one who was away for 30 days counts in no sum until their next move', async (t) => {
  const { engine, receipts, leaveAlone, count } = await openNode(t)
  for (const owner of [ANN, BOB]) await move(engine, owner, { delivered: 0 })
  await publish(engine, ROOM, 3)
  await move(engine, BOB, { read: 2 })
  await move(engine, ANN, { read: 3 })
  await leaveAlone(ANN.user, 30 * DAY_MS)
  const list = await receipts.participants(ROOM, 10)
  t.same(
    list?.map(({ isAway }) => isAway),
    [true, false],
  )
  t.match(await receipts.sums(ROOM, 10), { participants: 2, joined: [0], read: [2] })
  await receipts.seen(ANN.user, [ROOM])
  await write(engine, ROOM, ANN.user)
  t.same((await receipts.sums(ROOM, 10)).read, [2], 'neither being there nor writing counts')
  t.same(await receipts.own(ROOM, ANN.user), { delivered: 4, read: 4 })
  const counter = await count()
  await move(engine, ANN, { delivered: 0 })
  t.same((await receipts.sums(ROOM, 10)).read, [2, 4])
  await soon(() => counter.told > 0)
})

t.test('who went away since the sums were asked hides no change from who watches', async (t) => {
  const { engine, receipts, leaveAlone, count } = await openNode(t)
  const owners = [ANN, BOB, EVE, { user: 'u_fay', name: null }]
  for (const owner of owners) await move(engine, owner, { delivered: 0 })
  const counter = await count()
  for (const { user } of [ANN, BOB]) await leaveAlone(user, 30 * DAY_MS)
  await write(engine, ROOM, EVE.user)
  await soon(() => counter.told === 1)
  await move(engine, { user: 'u_fay', name: null }, { read: 1 })
  await soon(() => counter.told === 2)
  t.same((await receipts.sums(ROOM, 10)).read, [1, 1])
})

t.test('sums leave out any number of who went away', async (t) => {
  const { engine, receipts, keys } = await openNode(t)
  const users = Array.from({ length: 2_001 }, (_, i) => `u_${i}`)
  await Promise.all(users.map((user) => receipts.add(ROOM, { user, name: null }, NO_HOLDER)))
  await publish(engine, ROOM, 1)
  await move(engine, ANN, { read: 1 })
  const seen = users.flatMap((user) => ['1', user])
  await redis.tell('ZADD', keys.room(ROOM, 'rs'), 'XX', ...seen)
  const sums = { participants: 2_002, joined: [0], delivered: [1], read: [1] }
  t.match(await receipts.sums(ROOM, 5_000), sums)
})

t.test('nodes are told where the two smallest change, not of each reader', async (t) => {
  const { engine, receipts, count } = await openNode(t)
  const owners = Array.from({ length: 50 }, (_, i) => ({ user: `u_${i}`, name: null }))
  for (const owner of owners) await move(engine, owner, { delivered: 0 })
  await publish(engine, ROOM, 4)
  const counter = await count()
  for (const read of [1, 2, 3, 4]) {
    for (const owner of owners) await move(engine, owner, { read })
  }
  await receipts.remove(ROOM, 'u_0')
  // The last two of each round, and the one who left.
  await soon(() => counter.told === 9)
  for (let i = 1; i < 10; i += 1) await write(engine, ROOM, `u_${i}`)
  await receipts.remove(ROOM, 'u_1')
  await soon(() => counter.told === 10)
  t.pass()
})
