// All connections of a node: one timer, revocations, identities that expire, and draining.
import { test } from 'tap'
import { CLOSE } from '../../src/protocol/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { say, TestRooms, turn, userOf } from '../support/test-rooms.ts'

test('two timers serve all, however many there are', async (t) => {
  const every = t.capture(ManualClock.prototype, 'every', ManualClock.prototype.every)
  const after = t.capture(ManualClock.prototype, 'after', ManualClock.prototype.after)
  const testRooms = new TestRooms({ connectionsPerUser: null })
  for (let i = 0; i < 100; i += 1) {
    const live = await testRooms.member(userOf('ann'))
    live.socket.reads = i % 2 === 0
    say(live, 'hello')
    testRooms.open().handler.awaitFirstMessage(() => undefined)
  }
  await turn()
  await testRooms.clock.advance(3_000)
  t.equal(every().length, 2, 'one for all connections, one for all rooms')
  t.equal(after().length, 0)
  testRooms.connections.stop()
  const { socket } = await testRooms.member(userOf('bob'))
  await testRooms.clock.advance(60_000)
  t.equal(socket.pings, 0, 'and it can be stopped')
})

test('[C181] an answer keeps a connection open, silence closes it with 3012 in time', async (t) => {
  const testRooms = new TestRooms()
  const [lives, dead] = [
    await testRooms.member(userOf('ann')),
    await testRooms.member(userOf('bob')),
  ]
  for (let second = 1; second <= 7; second += 1) {
    t.equal(dead.socket.closedWith, null)
    await testRooms.clock.advance(1_000)
    lives.connection.alive()
  }
  t.same(dead.socket.closedWith, CLOSE.noPong)
  t.equal(lives.socket.closedWith, null)
  t.equal(dead.socket.pings, 1)
})

test('[C181] a message is as good as a pong', async (t) => {
  const testRooms = new TestRooms()
  const live = await testRooms.member(userOf('ann'))
  for (let second = 1; second <= 30; second += 1) {
    await testRooms.clock.advance(1_000)
    say(live, 'still here')
  }
  t.equal(live.socket.closedWith, null)
})

test('[C181] part of a message is a sign of life too, since no pong can overtake it', async (t) => {
  const testRooms = new TestRooms()
  const [slow, dead] = [
    await testRooms.member(userOf('ann')),
    await testRooms.member(userOf('bob')),
  ]
  dead.socket.bytesRead = 100
  for (let second = 1; second <= 30; second += 1) {
    await testRooms.clock.advance(1_000)
    slow.socket.bytesRead += 10
  }
  t.equal(slow.socket.closedWith, null)
  t.same(dead.socket.closedWith, CLOSE.noPong)
  for (let second = 1; second <= 7; second += 1) await testRooms.clock.advance(1_000)
  t.same(slow.socket.closedWith, CLOSE.noPong, 'and a client that stops is noticed in time')
})

test('[C181] a client that takes what waits for it lives, however late its pong is', async (t) => {
  const testRooms = new TestRooms()
  const [slow, dead, gone] = [
    await testRooms.member(userOf('ann')),
    await testRooms.member(userOf('bob')),
    await testRooms.member(userOf('eve')),
  ]
  for (const { socket } of [slow, dead]) socket.bufferedBytes = 100_000
  for (let second = 1; second <= 30; second += 1) {
    await testRooms.clock.advance(1_000)
    slow.socket.take(1_000)
    // What is written while nothing waits goes to the system, also for a client that is gone.
    gone.socket.takenBytes += 1_000
  }
  t.equal(slow.socket.closedWith, null)
  t.same(dead.socket.closedWith, CLOSE.noPong)
  t.same(gone.socket.closedWith, CLOSE.noPong)
  for (let second = 1; second <= 7; second += 1) await testRooms.clock.advance(1_000)
  t.same(slow.socket.closedWith, CLOSE.noPong, 'and one that stops is noticed in time')
})

test('[C63] an identity that expires is closed with 3005 within a second', async (t) => {
  const testRooms = new TestRooms()
  const expiresAt = testRooms.clock.now() + 12_000
  const { connection, socket } = await testRooms.member(userOf('ann', { expiresAt }))
  let second = 0
  while (socket.closedWith === null && second < 60) {
    second += 1
    await testRooms.clock.advance(1_000)
    connection.alive()
  }
  t.same(socket.closedWith, CLOSE.expired)
  t.equal(second, 12)
})

test('[S18] a revocation closes that session or user with 3503, and no other', async (t) => {
  const testRooms = new TestRooms()
  const phone = await testRooms.member(userOf('ann', { session: 's_phone' }))
  const desk = await testRooms.member(userOf('ann', { session: 's_desk' }), 'chat:b')
  const bob = await testRooms.member(userOf('bob'))
  testRooms.connections.revoke({ session: 's_phone' })
  t.same(phone.socket.closedWith, CLOSE.forced)
  t.equal(desk.socket.closedWith, null)
  testRooms.connections.revoke({ user: 'ann' })
  t.same(desk.socket.closedWith, CLOSE.forced)
  t.equal(bob.socket.closedWith, null)
})

test('a revocation is forgotten after a minute', async (t) => {
  const testRooms = new TestRooms()
  const early = testRooms.open()
  await testRooms.clock.advance(1_000)
  testRooms.connections.revoke({ user: 'ann' })
  await testRooms.clock.advance(61_000)
  await testRooms.join(early, userOf('ann'))
  t.equal(early.socket.closedWith, null)
})

/** Opens members, whose sockets answer a close at once if told to. */
async function crowd(testRooms: TestRooms, count: number) {
  const lives = []
  for (let i = 0; i < count; i += 1) lives.push(await testRooms.member(userOf('ann')))
  return lives
}

const LIMITLESS = { connectionsPerUser: null, connectionsPerAddress: null }

test('[C65] a drain spreads the closes over the window, evenly', async (t) => {
  const testRooms = new TestRooms(LIMITLESS)
  const lives = await crowd(testRooms, 1_000)
  const closed = () => lives.filter(({ socket }) => socket.closedWith !== null).length
  const times = { spreadMs: 1_000, windowMs: 2_000 }
  const drained = testRooms.connections.drain(CLOSE.shutdown, times)
  t.equal(closed(), 50, 'a step of fifty')
  await testRooms.clock.advance(500)
  t.equal(closed(), 550)
  await testRooms.clock.advance(500)
  t.equal(closed(), 1_000)
  for (const { socket } of lives) t.same(socket.closedWith, CLOSE.shutdown)
  for (const { connection } of lives) connection.ended(3001)
  await testRooms.clock.advance(50)
  await drained
  t.notOk(lives.some(({ socket }) => socket.terminated))
})

test('[C65] a few are closed at once', async (t) => {
  const testRooms = new TestRooms(LIMITLESS)
  const lives = await crowd(testRooms, 20)
  const drained = testRooms.connections.drain(CLOSE.shutdown, {
    spreadMs: 4_000,
    windowMs: 5_000,
  })
  for (const { socket, connection } of lives) {
    t.same(socket.closedWith, CLOSE.shutdown)
    connection.ended(3001)
  }
  await testRooms.clock.advance(50)
  await drained
})

test('[C65] a client that does not answer is ended when the window is over', async (t) => {
  const testRooms = new TestRooms(LIMITLESS)
  const lives = await crowd(testRooms, 3)
  const drained = testRooms.connections.drain(CLOSE.shutdown, { spreadMs: 800, windowMs: 1_000 })
  await testRooms.clock.advance(950)
  t.notOk(lives.some(({ socket }) => socket.terminated))
  await testRooms.clock.advance(100)
  await drained
  for (const { socket } of lives) t.equal(socket.terminated, true)
})

test('[C65] a connection that joins during a drain is closed at once with 3001', async (t) => {
  const testRooms = new TestRooms(LIMITLESS)
  t.equal(testRooms.connections.draining, false)
  await testRooms.connections.drain(CLOSE.shutdown, { spreadMs: 800, windowMs: 1_000 })
  t.equal(testRooms.connections.draining, true)
  const late = await testRooms.member(userOf('ann'))
  t.same(late.socket.closedWith, CLOSE.shutdown)
  late.connection.ended(3001)
  await turn()
  t.equal(testRooms.rooms.size, 0)
})

test('[C65] a drain without connections is over at once', async (t) => {
  const testRooms = new TestRooms()
  await testRooms.connections.drain(CLOSE.shutdown, { spreadMs: 4_000, windowMs: 5_000 })
  t.pass('without moving the clock')
})
