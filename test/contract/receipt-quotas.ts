// The contract of what new participants count as: bytes that are kept, and rooms.
import type { Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../src/engine/engine.ts'
import { PARTICIPANT_BYTES } from '../../src/engine/quotas.ts'
import { type Holder, NO_HOLDER } from '../../src/engine/shares.ts'
import { ANN, move, moveIn, publish, receiptsOf } from './support/receipts.ts'
import { BACKEND, ANN as holder } from './support/shares.ts'
import type { OpenWithin } from './support/suite-setup.ts'

/** The limit that a move or an addition was refused for; null where it was not. */
function limitOf(error: unknown): string | null {
  if (!(error instanceof EngineUnavailable)) return null
  return error.full?.limit ?? 'another trouble'
}

async function coming(engine: Engine, room: string, by: Holder = holder): Promise<string | null> {
  const [result] = await receiptsOf(engine).move(ANN, [moveIn(room, { delivered: 0 })], by)
  return limitOf(result)
}

export function receiptQuotaContract(t: Test, openWithin: OpenWithin): void {
  t.test('[S45] a new participant counts as stored bytes of the day', async (t) => {
    const limits = { storedBytesPerDayPerUser: 3 * PARTICIPANT_BYTES - 1 }
    const [one, other] = await openWithin(t, limits)
    for (const room of ['a', 'b', 'c', 'd']) await publish(one, room, 1)
    t.equal(await coming(one, 'a'), null)
    t.equal(await coming(other, 'a'), null, 'once')
    await receiptsOf(one).add('b', ANN, holder)
    t.equal(await coming(other, 'c'), 'storedBytesPerDayPerUser')
    const added = await receiptsOf(one).add('c', ANN, holder).catch(limitOf)
    t.equal(added, 'storedBytesPerDayPerUser')
    t.equal(await receiptsOf(one).own('c', ANN.user), null)
    t.match(await receiptsOf(one).sums('c', 10), { participants: 0 })
    t.same(await move(one, ANN, { room: 'a', read: 1 }, holder), { delivered: 1, read: 1 })
    t.equal(await coming(one, 'c', BACKEND), null, 'server keys have no quota')
    t.equal(await coming(one, 'd', NO_HOLDER), null)
  })

  t.test('[S45] a room that begins with a participant counts as a new one', async (t) => {
    const [one, other] = await openWithin(t, { newRoomsPerDayPerUser: 1 })
    await publish(one, 'a', 1)
    t.equal(await coming(one, 'a'), null, 'it was there')
    t.equal(await coming(one, 'b'), null)
    t.equal(await coming(other, 'c'), 'newRoomsPerDayPerUser')
    t.match(await one.log.list({ after: null, limit: 9, holder: NO_HOLDER }), [
      { room: 'a', head: { offset: 1 } },
      { room: 'b', head: { offset: 0 } },
    ])
  })

  t.test('a move that is refused takes no other along', async (t) => {
    const [one, other] = await openWithin(t, { newRoomsPerDayPerUser: 1 })
    const moves = ['a', 'b', 'a', 'c'].map((room) => moveIn(room, { delivered: 0 }))
    const results = await receiptsOf(one).move(ANN, moves, holder)
    const pair = { delivered: 0, read: 0 }
    t.same(results.map(limitOf), [null, 'newRoomsPerDayPerUser', null, 'newRoomsPerDayPerUser'])
    t.same([results[0], results[2]], [pair, pair])
    t.equal(await receiptsOf(other).own('b', ANN.user), null)
  })
}
