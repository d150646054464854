// The contract of receipts: who belongs to a room, and how far each of them has got.
import type { Test } from 'tap'
import type { Engine } from '../../src/engine/engine.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { receiptComingContract } from './receipt-coming.ts'
import { receiptQuotaContract } from './receipt-quotas.ts'
import { receiptViewContract } from './receipt-views.ts'
import { livesAgree } from './support/receipt-lives.ts'
import {
  ANN,
  BOB,
  EVE,
  KEPT,
  MOST,
  move,
  moveIn,
  publish,
  receiptsOf,
  shown,
  sumsOf,
  withoutRooms,
  write,
} from './support/receipts.ts'
import { draft } from './support/samples.ts'
import type { OpenShared, OpenWithin } from './support/suite-setup.ts'

const ROOM = 'chat:1'

/** All tests run on these two engines, which have receipts; those of quotas on others. */
export function receiptContract(
  t: Test,
  engines: readonly [Engine, Engine],
  openWithin: OpenWithin | null,
): void {
  const open = withoutRooms(engines)
  t.test('moves', async (t) => moveContract(t, open))
  t.test('private reading', async (t) => privateContract(t, open))
  t.test('messages of their own', async (t) => authorContract(t, open))
  t.test('coming and leaving', async (t) => receiptComingContract(t, open))
  receiptViewContract(t, open)
  t.test('any life of a few rooms agrees with a plain model', async (t) => {
    const nodes = await open(t)
    const life = { nodes, now: () => Date.now(), exactTimes: false }
    await livesAgree(t, life, { numRuns: 12, days: false })
  })
  if (openWithin) t.test('quotas', async (t) => receiptQuotaContract(t, openWithin))
}

function moveContract(t: Test, open: OpenShared): void {
  t.test('a move makes a participant, whose receipts any node knows', async (t) => {
    const [one, other] = await open(t)
    await publish(one, ROOM, 5)
    t.equal(await receiptsOf(one).own(ROOM, ANN.user), null)
    t.same(await move(one, ANN, { delivered: 0 }), { delivered: 5, read: 5 })
    t.same(await receiptsOf(other).own(ROOM, ANN.user), { delivered: 5, read: 5 })
    const [ann] = (await receiptsOf(other).participants(ROOM, MOST)) ?? []
    const offsets = { joined: 5, delivered: 5, read: 5 }
    t.same(ann, { ...ANN, ...offsets, readsPrivately: false, isAway: false })
    const sums = { participants: 1, joined: [5], delivered: [5], read: [5] }
    t.match(await sumsOf(other), sums)
    t.equal((await sumsOf(other)).epoch, (await other.log.head(ROOM)).epoch)
  })

  t.test('a move to the newest message makes a participant right before it', async (t) => {
    const [one, other] = await open(t)
    await publish(one, ROOM, 5)
    t.same(await move(one, ANN, { delivered: 5 }), { delivered: 5, read: 4 })
    t.same(await move(other, BOB, { read: 99 }), { delivered: 5, read: 5 })
    t.same(await shown(one), { u_ann: [4, 5, 4], u_bob: [4, 5, 5] })
  })

  t.test('receipts go forward only, to the newest message at most', async (t) => {
    const [one, other] = await open(t)
    await move(one, ANN, { delivered: 0 })
    await publish(one, ROOM, 5)
    t.same(await move(other, ANN, { delivered: 2 }), { delivered: 2, read: 0 })
    t.same(await move(one, ANN, { read: 3 }), { delivered: 3, read: 3 }, 'read is delivered')
    t.same(await move(other, ANN, { delivered: 1, read: 2 }), { delivered: 3, read: 3 })
    t.same(await move(one, ANN, { read: 3 }), { delivered: 3, read: 3 }, 'again')
    t.same(await move(other, ANN, { delivered: 1e15 }), { delivered: 5, read: 3 })
    t.same(await shown(one), { u_ann: [0, 5, 3] })
  })

  t.test('many moves at once are made in their order, each by itself', async (t) => {
    const [one, other] = await open(t)
    await publish(one, ROOM, 3)
    await publish(one, 'chat:2', 2)
    const moves = [
      moveIn(ROOM, { delivered: 0 }),
      moveIn('chat:2', { read: 2 }),
      moveIn('chat:3', { read: 7 }),
      moveIn(ROOM, { read: 3 }),
    ]
    const pairs = [3, 2, 0, 3].map((offset) => ({ delivered: offset, read: offset }))
    t.same(await receiptsOf(one).move(ANN, moves, NO_HOLDER), pairs)
    t.same(await receiptsOf(other).move(ANN, [], NO_HOLDER), [])
    t.same(await shown(other, 'chat:2'), { u_ann: [1, 2, 2] })
    t.same(await shown(other, 'chat:3'), { u_ann: [0, 0, 0] })
  })

  t.test('moves of many devices at once come to the furthest of each', async (t) => {
    const nodes = await open(t)
    await move(nodes[0], ANN, { delivered: 0 })
    await publish(nodes[0], ROOM, 40)
    const offsets = Array.from({ length: 40 }, (_, i) => ((i * 7) % 40) + 1)
    const moved = offsets.map((offset, i) =>
      move(nodes[i % 2] as Engine, ANN, i % 3 === 0 ? { read: offset } : { delivered: offset }),
    )
    for (const [i, pair] of (await Promise.all(moved)).entries()) {
      t.ok(pair.delivered >= (offsets[i] ?? 0) && pair.read <= pair.delivered)
    }
    const read = Math.max(...offsets.filter((_, i) => i % 3 === 0))
    t.same(await receiptsOf(nodes[1]).own(ROOM, ANN.user), { delivered: 40, read })
  })

  t.test('a name is kept with the participant, and changes with a move', async (t) => {
    const [one, other] = await open(t)
    await move(one, EVE, { delivered: 0 })
    const nameNow = async () => (await receiptsOf(other).participants(ROOM, MOST))?.[0]?.name
    t.equal(await nameNow(), null)
    await move(one, { ...EVE, name: 'Eve' }, { delivered: 0 })
    t.equal(await nameNow(), 'Eve')
    await move(one, EVE, { delivered: 0 })
    t.equal(await nameNow(), 'Eve', 'one without a name does not take it')
  })

  t.test('receipts outlast the messages that they are of', async (t) => {
    const [one, other] = await open(t)
    await move(one, ANN, { delivered: 0 })
    const retention = { messages: 1, ageMs: null }
    for (let count = 0; count < 3; count += 1) {
      await one.log.append(ROOM, draft('x'), { retention, key: null, holder: NO_HOLDER })
    }
    t.same(await move(other, ANN, { read: 2 }), { delivered: 2, read: 2 })
    t.same(await shown(other), { u_ann: [0, 2, 2] })
  })
}

function privateContract(t: Test, open: OpenShared): void {
  const setUp = async (t: Test) => {
    const engines = await open(t)
    for (const owner of [ANN, BOB]) await move(engines[0], owner, { delivered: 0 })
    await publish(engines[0], ROOM, 9)
    return engines
  }

  t.test('moves the pair of the user alone', async (t) => {
    const [one, other] = await setUp(t)
    await move(one, BOB, { delivered: 6, read: 5 })
    t.same(await move(one, ANN, { read: 4, isPrivate: true }), { delivered: 4, read: 4 })
    t.same(await receiptsOf(other).own(ROOM, ANN.user), { delivered: 4, read: 4 })
    t.same(await shown(other), { u_ann: [0, 0, 0], u_bob: [0, 6, 5] })
    const [ann] = (await receiptsOf(other).participants(ROOM, MOST)) ?? []
    t.match(ann, { readsPrivately: true })
    t.match(await sumsOf(other), { participants: 2, delivered: [0, 6], read: [5] })
  })

  t.test('leaves out what is about reading, and no plain delivery', async (t) => {
    const [one, other] = await setUp(t)
    await move(one, ANN, { read: 4, isPrivate: true })
    await move(other, ANN, { delivered: 7 })
    t.match(await sumsOf(other), { delivered: [0, 7], read: [0] })
    await move(other, ANN, { delivered: 9, isPrivate: true })
    t.match(await sumsOf(one), { delivered: [0, 7], read: [0] })
    t.same(await receiptsOf(one).own(ROOM, ANN.user), { delivered: 9, read: 4 })
  })

  t.test('ends with a plain move of what was read, and shows nothing of it', async (t) => {
    const [one, other] = await setUp(t)
    await move(one, ANN, { read: 8, isPrivate: true })
    t.same(await move(other, ANN, { read: 3 }), { delivered: 8, read: 8 })
    t.same(await shown(one), { u_ann: [0, 3, 3], u_bob: [0, 0, 0] })
    t.match(await sumsOf(one), { read: [0, 3] })
  })

  t.test('of one who comes by it begins like any other, whatever it reaches', async (t) => {
    const [one, other] = await setUp(t)
    const late = { user: 'u_late', name: null }
    t.same(await move(one, late, { read: 9, isPrivate: true }), { delivered: 9, read: 9 })
    await move(one, EVE, { read: 3, isPrivate: true })
    const list = await shown(other)
    t.same(
      [list.u_late, list.u_eve],
      [
        [9, 9, 9],
        [9, 9, 9],
      ],
    )
  })
}

function authorContract(t: Test, open: OpenShared): void {
  t.test('are delivered and read where the receipts stood right before', async (t) => {
    const [one, other] = await open(t)
    await move(one, ANN, { delivered: 0 })
    t.equal(await write(other, ROOM, ANN.user), 1)
    t.same(await shown(one), { u_ann: [0, 1, 1] })
    await publish(one, ROOM, 2)
    await move(one, ANN, { delivered: 3 })
    t.equal(await write(other, ROOM, ANN.user), 4)
    t.same(await shown(one), { u_ann: [0, 4, 1] }, 'only where they stood so')
    t.same(await receiptsOf(one).own(ROOM, ANN.user), { delivered: 4, read: 1 })
  })

  t.test('move the own pair apart from the one that shows', async (t) => {
    const [one, other] = await open(t)
    await move(one, ANN, { delivered: 0 })
    await publish(one, ROOM, 2)
    await move(one, ANN, { read: 2, isPrivate: true })
    await write(other, ROOM, ANN.user)
    t.same(await receiptsOf(other).own(ROOM, ANN.user), { delivered: 3, read: 3 })
    t.same(await shown(one), { u_ann: [0, 0, 0] })
    const [ann] = (await receiptsOf(one).participants(ROOM, MOST)) ?? []
    t.match(ann, { readsPrivately: true }, 'publishing ends no privacy')
  })

  t.test('make no participant, and those of others move nothing', async (t) => {
    const [one, other] = await open(t)
    await move(one, BOB, { delivered: 0 })
    await write(one, ROOM, ANN.user)
    t.same(await shown(other), { u_bob: [0, 0, 0] })
    const options = { retention: KEPT, key: null, holder: NO_HOLDER }
    await one.log.append(ROOM, draft('x', { user: BOB.user }), options)
    await move(one, BOB, { read: 2 })
    await one.log.append(ROOM, draft('x', { user: BOB.user }), options)
    t.same(await shown(other), { u_bob: [0, 2, 2] }, 'a back end wrote it in their name')
  })

  t.test('move once, and not again with a repeated key', async (t) => {
    const [one, other] = await open(t)
    await move(one, ANN, { delivered: 0 })
    const key = { value: 'k', sender: ANN.user }
    const options = { retention: KEPT, key, holder: NO_HOLDER, author: ANN.user }
    const draftOfAnn = draft('x', { user: ANN.user })
    await one.log.append(ROOM, draftOfAnn, options)
    await publish(one, ROOM, 1)
    await other.log.append(ROOM, draftOfAnn, options)
    t.same(await shown(one), { u_ann: [0, 1, 1] })
  })

  t.test('of many at once move those of their authors alone', async (t) => {
    const [one, other] = await open(t)
    for (const owner of [ANN, BOB]) await move(one, owner, { delivered: 0 })
    const places = await Promise.all(
      Array.from({ length: 20 }, (_, i) => write(i % 2 === 0 ? one : other, ROOM, ANN.user)),
    )
    t.same(
      places.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    t.same(await shown(other), { u_ann: [0, 20, 20], u_bob: [0, 0, 0] })
  })
}
