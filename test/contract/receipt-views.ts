// The contract of what the receipts of a room come to: sums, lists, a user's rooms, and being told.
import type { Test } from 'tap'
import type { Engine } from '../../src/engine/engine.ts'
import type { ParticipantRoom, RoomPlace } from '../../src/engine/receipt-store.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { ANN, BOB, move, moveIn, publish, receiptsOf, write } from './support/receipts.ts'
import { nodesOf, type OpenShared, soon } from './support/suite-setup.ts'

const ROOM = 'chat:1'

export function receiptViewContract(t: Test, open: OpenShared): void {
  t.test('sums and lists', async (t) => sumsContract(t, open))
  t.test("a user's rooms", async (t) => roomsContract(t, open))
  t.test('watching', async (t) => watchContract(t, open))
}

function sumsContract(t: Test, open: OpenShared): void {
  t.test('sums have the two smallest of each kind', async (t) => {
    const [one, other] = await open(t)
    const reads = [5, 2, 9, 2, 7]
    for (const i of reads.keys()) await move(one, { user: `u_${i}`, name: null }, { delivered: 0 })
    await publish(one, ROOM, 9)
    for (const [i, read] of reads.entries()) {
      await move(other, { user: `u_${i}`, name: null }, { read, delivered: 9 - i })
    }
    const sums = await receiptsOf(one).sums(ROOM, 5)
    t.match(sums, { participants: 5, joined: [0, 0], delivered: [6, 7], read: [2, 2] })
    const { joined, delivered, read } = sums
    t.same([joined?.length, delivered?.length, read?.length], [2, 2, 2])
  })

  t.test('above the number that is looked at there is their number alone', async (t) => {
    const [one, other] = await open(t)
    for (let i = 0; i < 4; i += 1) await move(one, { user: `u_${i}`, name: null }, { delivered: 0 })
    const none = { joined: null, delivered: null, read: null }
    t.match(await receiptsOf(other).sums(ROOM, 3), { participants: 4, ...none })
    t.equal(await receiptsOf(other).participants(ROOM, 3), null)
    t.equal((await receiptsOf(other).participants(ROOM, 4))?.length, 4)
    t.match(await receiptsOf(other).sums('chat:2', 3), { participants: 0, joined: [] })
    t.same(await receiptsOf(other).participants('chat:2', 3), [])
  })

  t.test('a list has the order of code points', async (t) => {
    const [one, other] = await open(t)
    const users = ['u_a', 'u_Z', 'u_é', 'u_10', 'u_9', 'jwt:x', 'u_ab']
    for (const user of users) await receiptsOf(one).add(ROOM, { user, name: null }, NO_HOLDER)
    const listed = await receiptsOf(other).participants(ROOM, 100)
    const byBytes = users.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    t.same(
      listed?.map(({ user }) => user),
      byBytes,
    )
  })
}

function roomsContract(t: Test, open: OpenShared): void {
  const later = () => new Promise((resolve) => setTimeout(resolve, 3))
  const query = { user: ANN.user, before: null, limit: 10, holder: NO_HOLDER }

  t.test('come with their newest message first, or with when the user came', async (t) => {
    const [one, other] = await open(t)
    for (const room of ['chat:1', 'chat:2', 'chat:3', 'chat:4']) {
      await later()
      if (room !== 'chat:4') await move(one, ANN, { room, delivered: 0 })
    }
    for (const [room, count] of [
      ['chat:2', 2],
      ['chat:1', 1],
      ['chat:4', 1],
    ] as const) {
      await later()
      await publish(one, room, count)
    }
    await move(other, ANN, { room: 'chat:2', read: 1 })
    const rooms = await receiptsOf(other).rooms(query)
    t.same(
      rooms.map(({ room }) => room),
      ['chat:1', 'chat:2', 'chat:3'],
    )
    t.match(rooms[1], { head: await one.log.head('chat:2'), delivered: 1, read: 1 })
    t.match(rooms[2], { head: { offset: 0 }, delivered: 0, read: 0 })
    const [first, second] = rooms
    t.ok(first && second && first.time > second.time && first.time <= Date.now())
  })

  t.test('are paged by time, and show the own pair', async (t) => {
    const [one, other] = await open(t)
    for (let i = 0; i < 5; i += 1) {
      const room = `chat:${i}`
      await move(one, ANN, { room, delivered: 0 })
      await publish(one, room, 2)
      await move(one, ANN, { room, read: 2, isPrivate: true })
      await later()
    }
    const seen: string[] = []
    for (let before: RoomPlace | null = null; ; ) {
      const page = await receiptsOf(other).rooms({ ...query, before, limit: 2 })
      if (page.length === 0) break
      t.ok(page.length <= 2 && page.every(({ read }) => read === 2))
      seen.push(...page.map(({ room }) => room))
      before = { time: page.at(-1)?.time ?? 0, room: null }
    }
    t.same(seen, ['chat:4', 'chat:3', 'chat:2', 'chat:1', 'chat:0'])
  })

  t.test('that are as old as each other are paged by name', async (t) => {
    const [one, other] = await open(t)
    const names = Array.from({ length: 30 }, (_, n) => `chat:${n}`).sort()
    const moves = names.map((room) => moveIn(room, { delivered: 0 }))
    await receiptsOf(one).move(ANN, moves, NO_HOLDER)
    const seen: ParticipantRoom[] = []
    for (let before: RoomPlace | null = null; ; before = seen.at(-1) ?? null) {
      const page = await receiptsOf(other).rooms({ ...query, before, limit: 7 })
      if (page.length === 0) break
      seen.push(...page)
    }
    t.same(seen.map(({ room }) => room).sort(), names)
    const times = seen.map(({ time }) => time)
    t.same(
      times,
      times.toSorted((one, other) => other - one),
    )
  })

  t.test('are none where the user left or the room was deleted', async (t) => {
    const [one, other] = await open(t)
    for (const room of ['chat:1', 'chat:2', 'chat:3']) {
      await move(one, ANN, { room, delivered: 0 })
      await move(one, BOB, { room, delivered: 0 })
    }
    await receiptsOf(one).remove('chat:1', ANN.user)
    await one.log.deleteRoom('chat:2')
    const rooms = await receiptsOf(other).rooms(query)
    t.same(
      rooms.map(({ room }) => room),
      ['chat:3'],
    )
  })
}

function watchContract(t: Test, open: OpenShared): void {
  const watched = async (engines: readonly [Engine, Engine], room = ROOM) => {
    const counts = new Map<Engine, number>()
    const stops = []
    for (const node of nodesOf(engines)) {
      counts.set(node, 0)
      const count = () => counts.set(node, (counts.get(node) ?? 0) + 1)
      stops.push(await receiptsOf(node).watch(room, count))
    }
    const told = () => soon(() => [...counts.values()].every((count) => count > 0))
    const next = async () => {
      await told()
      for (const node of counts.keys()) counts.set(node, 0)
    }
    return { counts, next, stops }
  }

  t.test('every node is told of each change of the sums', async (t) => {
    const engines = await open(t)
    const [one, other] = engines
    const { next } = await watched(engines)
    const changes = [
      () => move(one, ANN, { delivered: 0 }),
      () => receiptsOf(other).add(ROOM, BOB, NO_HOLDER),
      () => write(one, ROOM, ANN.user),
      () => move(other, BOB, { delivered: 1 }),
      () => move(other, BOB, { read: 1, isPrivate: true }),
      () => receiptsOf(one).remove(ROOM, BOB.user),
      () => receiptsOf(other).removeUser(ANN.user),
      () => move(one, BOB, { read: 1 }),
      () => one.log.deleteRoom(ROOM),
    ]
    for (const change of changes) {
      await change()
      await t.resolves(next(), change.toString())
    }
  })

  t.test('what a change is told after shows it', async (t) => {
    const engines = await open(t)
    const [one, other] = engines
    await move(one, ANN, { delivered: 0 })
    await publish(one, ROOM, 3)
    const seen: unknown[] = []
    const sums = receiptsOf(other)
    await sums.watch(ROOM, () => void sums.sums(ROOM, 10).then(({ read }) => seen.push(read?.[0])))
    await move(one, ANN, { read: 2 })
    await soon(() => seen.includes(2))
    t.pass()
  })

  t.test('what tells of private reading is not told, and after a stop nothing is', async (t) => {
    const engines = await open(t)
    const [one] = engines
    // No test before watched these: a node may still hear of what happened there.
    const room = 'chat:3'
    for (const each of ['chat:2', room]) await move(one, ANN, { room: each, delivered: 0 })
    await publish(one, room, 5)
    await move(one, ANN, { room, read: 1, isPrivate: true })
    const { counts, next, stops } = await watched(engines, room)
    const second = await watched(engines, 'chat:2')
    for (const [read, isPrivate] of [
      [3, true],
      [5, true],
    ] as const) {
      await move(one, ANN, { room, read, isPrivate })
    }
    // What comes later has been told when this was.
    await receiptsOf(one).remove('chat:2', ANN.user)
    await second.next()
    t.same(
      [...counts.values()].filter((count) => count > 0),
      [],
    )
    await move(one, ANN, { room, read: 4 })
    await next()
    for (const { stop } of stops) {
      stop()
      stop()
    }
    await receiptsOf(one).add('chat:2', ANN, NO_HOLDER)
    await move(one, ANN, { room, read: 5 })
    await receiptsOf(one).remove('chat:2', ANN.user)
    await second.next()
    t.same(
      [...counts.values()].filter((count) => count > 0),
      [],
    )
  })
}
