// Receipts on SQLite: what is deleted with them, shares of what waits, and being told.
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../../src/engine/engine.ts'
import { ReceiptWatches } from '../../../src/engine/memory/receipt-watches.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { AWAY_AFTER_MS } from '../../../src/engine/receipt-store.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { packMoves } from '../../../src/engine/sqlite/packed-moves.ts'
import { readQueues } from '../../../src/engine/sqlite/read-queues.ts'
import { receiptReads } from '../../../src/engine/sqlite/receipt-reads.ts'
import { SqliteReceipts, type SqliteReceiptsParts } from '../../../src/engine/sqlite/receipts.ts'
import type { Clock } from '../../../src/time/clock.ts'
import { ANN, BOB, move, moveIn, publish, receiptsOf } from '../../contract/support/receipts.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { boundsWithin, heldRow, sharesOf } from '../../support/memory-shares.ts'

const DAY_MS = 86_400_000
const START = 1_700_000_000_000

async function opened(t: Test, clock: Clock = new ManualClock()): Promise<Engine> {
  const engine = await openEngine({ kind: 'memory' }, clock)
  t.teardown(() => engine.close())
  return engine
}

/** A database with one participant in room `a`, which has no messages. */
function database() {
  const db = openStore(':memory:')
  const { writes } = messageWrites(db)
  const moving = (user: string, room: string) => {
    const calls = [{ owner: { user, name: null }, holder: null, moves: [moveIn(room, {})] }]
    return writes.moveReceipts(packMoves(calls, { mayGrow: true, time: START }))
  }
  moving('u_ann', 'a')
  const trim = (days: number) => {
    for (let day = 0; day <= days; day += 1) {
      while (writes.trimMessages({ now: START + day * DAY_MS, units: 2_000 }).more);
    }
  }
  const count = (table: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
  return { db, writes, moving, trim, count }
}

t.test('a room without messages is forgotten when it has no participants either', async (t) => {
  const { writes, trim, count } = database()
  trim(100)
  t.same([count('rooms'), count('participants')], [1, 1])
  writes.removeParticipant({ room: 'a', user: 'u_ann' })
  trim(200)
  t.equal(count('rooms'), 0)
})

t.test('participants of a deleted room go with it, a part at a time', async (t) => {
  const { db, writes, moving, count } = database()
  for (let i = 0; i < 1_500; i += 1) moving(`u_${i}`, 'a')
  writes.deleteRoom({ room: 'a' })
  t.equal(receiptReads(db).ownReceipt({ room: 'a', user: 'u_ann' }), null)
  moving('u_ann', 'a')
  const left: number[] = []
  for (let i = 0; i < 3; i += 1) {
    writes.removeDeleted({ id: 1 })
    left.push(count('participants'))
  }
  t.same(left, [502, 1, 1])
  t.equal(count('rooms'), 1, 'the room that began again stays')
})

t.test('a user of many rooms is removed from all, and lists the newest of all', async (t) => {
  const clock = new ManualClock()
  const engine = await opened(t, clock)
  const moves = Array.from({ length: 2_500 }, (_, i) => moveIn(`chat:${i}`, { delivered: 0 }))
  await receiptsOf(engine).move(ANN, moves, NO_HOLDER)
  for (const room of ['chat:2400', 'chat:7', 'chat:1200']) {
    clock.jump(1_000)
    await publish(engine, room, 1)
  }
  const query = { user: ANN.user, before: null, limit: 3, holder: NO_HOLDER }
  const rooms = await receiptsOf(engine).rooms(query)
  t.same(
    rooms.map(({ room }) => room),
    ['chat:1200', 'chat:7', 'chat:2400'],
  )
  await receiptsOf(engine).removeUser(ANN.user)
  t.same(await receiptsOf(engine).rooms(query), [])
  t.match(await receiptsOf(engine).sums('chat:2499', 10), { participants: 0 })
})

t.test('one who was away for 30 days counts in no sum until their next move', async (t) => {
  const clock = new ManualClock()
  const engine = await opened(t, clock)
  const receipts = receiptsOf(engine)
  const told: string[] = []
  await receipts.watch('chat:1', () => told.push('told'))
  for (const owner of [ANN, BOB]) await move(engine, owner, { delivered: 0 })
  clock.jump(AWAY_AFTER_MS - 1)
  await receipts.seen(BOB.user, ['chat:1'])
  clock.jump(1)
  t.match(await receipts.sums('chat:1', 10), { participants: 2, joined: [0], read: [0] })
  const list = await receipts.participants('chat:1', 10)
  t.same(
    list?.map(({ isAway }) => isAway),
    [true, false],
  )
  await receipts.seen(ANN.user, ['chat:1'])
  t.same((await receipts.sums('chat:1', 10)).read, [0], 'who is only connected stays away')
  told.length = 0
  await move(engine, ANN, { delivered: 0 })
  t.same((await receipts.sums('chat:1', 10)).read, [0, 0])
  t.same(told, ['told'])
})

t.test('receipts survive a restart', async (t) => {
  const settings = { kind: 'sqlite', folder: t.testdir({}), lockWaitMs: 0 } as const
  const clock = new ManualClock()
  const before = await openEngine(settings, clock)
  await move(before, ANN, { delivered: 0 })
  await publish(before, 'chat:1', 3)
  await move(before, ANN, { read: 2, isPrivate: true })
  const sums = await receiptsOf(before).sums('chat:1', 10)
  await before.close()
  await t.rejects(move(before, ANN, { read: 3 }), EngineUnavailable)
  const after = await openEngine(settings, clock)
  t.teardown(() => after.close())
  t.same(await receiptsOf(after).sums('chat:1', 10), sums)
  t.same(await receiptsOf(after).own('chat:1', ANN.user), { delivered: 2, read: 2 })
})

/** Receipts before a writer that answers when it is told to. */
function beforeWriter(row = heldRow('waitingReceipts', { all: 640, user: 192, of: 'bytes' })) {
  const answers: PromiseWithResolvers<object>[] = []
  const call = () => {
    const answer = Promise.withResolvers<object>()
    answers.push(answer)
    return answer.promise
  }
  const shares = sharesOf({ waitingReceipts: row })
  const parts = {
    ...{ clock: new ManualClock(), bounds: boundsWithin(), space: { refusal: null }, shares },
    ...{ queues: readQueues(shares), watches: new ReceiptWatches() },
    ...{ writer: { call, away: null }, reader: { call } },
  }
  const receipts = new SqliteReceipts(parts as unknown as SqliteReceiptsParts)
  const moving = (owner = ANN, count = 1) => {
    const moves = Array.from({ length: count }, () => moveIn('chat:1', { read: 1 }))
    return receipts.move(owner, moves, { ...NO_HOLDER, user: owner.user })
  }
  const answer = (count: number) => {
    const offsets = Array(count).fill(1)
    answers.shift()?.resolve({ delivered: offsets, read: offsets, changed: [] })
  }
  return { receipts, moving, answer, shares }
}

const nextTurn = () => new Promise(setImmediate)

t.test('[S43] moves that wait for the disk have shares, which come back', async (t) => {
  const { receipts, moving, answer, shares } = beforeWriter()
  const first = moving()
  await nextTurn()
  t.equal(shares.held('waitingReceipts'), 0, 'what is being kept does not wait')
  const waiting = [moving(ANN, 3), moving(BOB, 3)]
  const over = { full: { limit: 'waitingReceipts', retryAfter: 1 } }
  const refused: unknown = await moving().catch((error: unknown) => error)
  t.match(refused, over, 'the part of the user')
  answer(1)
  t.same(await first, [{ delivered: 1, read: 1 }])
  await nextTurn()
  answer(6)
  await Promise.all(waiting)
  const more = [moving(), moving(BOB, 3)]
  await nextTurn()
  const late = moving()
  receipts.giveUp('no answer')
  const outcomes = await Promise.allSettled([...more, late])
  t.match(
    outcomes.map((each) => each.status === 'rejected' && each.reason),
    [{ outcome: 'unknown' }, { outcome: 'unknown' }, { outcome: 'nothing' }],
  )
  t.equal(shares.held('waitingReceipts'), 0)
  answer(4)
  await receipts.settled()
  await t.resolves(Promise.all([moving(), nextTurn().then(() => answer(1))]), 'and it goes on')
})

t.test('[S43] who says that users are connected waits within a bound', async (t) => {
  const { receipts } = beforeWriter()
  const seen = Array.from({ length: 10_001 }, () => receipts.seen(ANN.user, ['chat:1']))
  await t.rejects(seen.at(-1) ?? Promise.resolve(), EngineUnavailable)
  await nextTurn()
  receipts.giveUp('no answer')
  const outcomes = await Promise.allSettled(seen)
  t.ok(outcomes.every(({ status }) => status === 'rejected'))
})

t.test('nothing is left of watches that were stopped', async (t) => {
  const watches = new ReceiptWatches()
  const told: string[] = []
  const [one, other] = ['a', 'a'].map((room) => watches.watch(room, () => told.push(room)))
  watches.tell('a')
  one?.stop()
  watches.tell('a')
  one?.stop()
  other?.stop()
  watches.tell('a')
  t.same([told.length, watches.size], [3, 0])
})
