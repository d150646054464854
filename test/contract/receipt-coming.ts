// The contract of who belongs to a room: coming, leaving, and rooms that end or begin.
import type { Test } from 'tap'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import {
  ANN,
  BOB,
  MOST,
  move,
  moveIn,
  publish,
  receiptsOf,
  shown,
  sumsOf,
} from './support/receipts.ts'
import type { OpenShared } from './support/suite-setup.ts'

const ROOM = 'chat:1'

export function receiptComingContract(t: Test, open: OpenShared): void {
  t.test('one who is added belongs to the room from its newest message on', async (t) => {
    const [one, other] = await open(t)
    await publish(one, ROOM, 3)
    await receiptsOf(one).add(ROOM, BOB, NO_HOLDER)
    t.same(await shown(other), { u_bob: [3, 3, 3] })
    await publish(one, ROOM, 1)
    await receiptsOf(other).add(ROOM, { ...BOB, name: 'Robert' }, NO_HOLDER)
    t.same(await shown(one), { u_bob: [3, 3, 3] })
    t.equal((await receiptsOf(one).participants(ROOM, MOST))?.[0]?.name, 'Bob', 'nothing is done')
  })

  t.test('one who was removed is none, and comes again as a new one', async (t) => {
    const [one, other] = await open(t)
    for (const owner of [ANN, BOB]) await move(one, owner, { delivered: 0 })
    await publish(one, ROOM, 3)
    t.equal(await receiptsOf(other).remove(ROOM, ANN.user), true)
    t.equal(await receiptsOf(one).remove(ROOM, ANN.user), false)
    t.equal(await receiptsOf(one).remove('chat:2', ANN.user), false)
    t.equal(await receiptsOf(one).own(ROOM, ANN.user), null)
    t.match(await sumsOf(one), { participants: 1, joined: [0], delivered: [0], read: [0] })
    await move(one, ANN, { read: 1 })
    t.same(await shown(other), { u_ann: [3, 3, 3], u_bob: [0, 0, 0] })
  })

  t.test('what was moved before a removal makes its user no participant after it', async (t) => {
    const [one, other] = await open(t)
    for (const owner of [ANN, BOB]) await move(one, owner, { delivered: 0 })
    await publish(one, ROOM, 3)
    const ends = [
      () => receiptsOf(one).remove(ROOM, ANN.user),
      () => receiptsOf(one).removeUser(BOB.user),
    ]
    for (const [index, end] of ends.entries()) {
      const owner = index === 0 ? ANN : BOB
      const first = move(one, owner, { delivered: 1 })
      // The first is under way, and the second waits for it where moves are gathered.
      await Promise.resolve().then(() => undefined)
      const second = move(one, owner, { delivered: 2 })
      await Promise.all([first, second, end()])
      t.equal(await receiptsOf(other).own(ROOM, owner.user), null)
    }
    t.match(await sumsOf(other), { participants: 0 })
  })

  t.test('one whose account is gone belongs to no room', async (t) => {
    const [one, other] = await open(t)
    const rooms = Array.from({ length: 30 }, (_, i) => `chat:${i}`)
    const moves = rooms.map((room) => moveIn(room, { delivered: 0 }))
    for (const owner of [ANN, BOB]) await receiptsOf(one).move(owner, moves, NO_HOLDER)
    await receiptsOf(one).removeUser(ANN.user)
    await receiptsOf(other).removeUser('u_none')
    for (const room of rooms) t.same(Object.keys(await shown(other, room)), [BOB.user])
    const query = { user: ANN.user, before: null, limit: 10, holder: NO_HOLDER }
    t.same(await receiptsOf(other).rooms(query), [])
    t.match(await sumsOf(other), { participants: 1 })
  })

  t.test('one who is connected stays what they are, and no other comes of it', async (t) => {
    const [one, other] = await open(t)
    await move(one, ANN, { delivered: 0 })
    await receiptsOf(other).seen(ANN.user, [ROOM, 'chat:2'])
    await receiptsOf(other).seen(BOB.user, [ROOM])
    t.same(await shown(one), { u_ann: [0, 0, 0] })
    t.same(await shown(one, 'chat:2'), {})
  })

  t.test(
    'a deleted room has no participants, and is there for its participants alone',
    async (t) => {
      const [one, other] = await open(t)
      await move(one, ANN, { delivered: 0 })
      const { epoch } = await sumsOf(one)
      t.equal(await other.log.deleteRoom(ROOM), true, 'without any message')
      t.equal(await receiptsOf(one).own(ROOM, ANN.user), null)
      const sums = await sumsOf(one)
      t.match(sums, { participants: 0, joined: [], delivered: [], read: [] })
      t.not(sums.epoch, epoch)
      await publish(one, ROOM, 2)
      await move(one, ANN, { read: 2 })
      await one.log.deleteRoom(ROOM)
      t.same(await shown(other), {})
      await publish(one, ROOM, 1)
      t.same(await move(other, ANN, { read: 2 }), { delivered: 1, read: 1 })
      t.equal((await sumsOf(one)).epoch, (await one.log.head(ROOM)).epoch)
    },
  )

  t.test('a room begins with its first participant, in the epoch of its messages', async (t) => {
    const [one, other] = await open(t)
    const before = await sumsOf(one)
    t.match(before, { participants: 0 })
    await receiptsOf(one).add(ROOM, ANN, NO_HOLDER)
    await publish(other, ROOM, 1)
    t.match(await sumsOf(one), { epoch: before.epoch, participants: 1, joined: [0] })
    t.match(await other.log.head(ROOM), { epoch: before.epoch, offset: 1 })
  })
}
