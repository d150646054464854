// From a first message to a member: which frames are queued meanwhile, and which events may come
// between.
import { test } from 'tap'
import { CLOSE } from '../../src/protocol/errors.ts'
import { QUEUED_FRAMES } from '../../src/protocol/limits.ts'
import type { InboundFrame } from '../../src/wire/wire-format.ts'
import { say, TestRooms, turn, userOf } from '../support/test-rooms.ts'

/** Opens an undecided connection and keeps the first messages that it was given. */
function undecided(testRooms: TestRooms) {
  const live = testRooms.open()
  const decided: InboundFrame[] = []
  live.handler.awaitFirstMessage((first) => decided.push(first))
  return { ...live, decided }
}

test('[C34] the first message decides, and only the first', async (t) => {
  const live = undecided(new TestRooms())
  say(live, 'one')
  say(live, 'two')
  t.same(live.decided, [{ payload: Buffer.from('one'), binary: false }])
})

test('[C35] frames behind it are queued and then published, in order', async (t) => {
  const testRooms = new TestRooms()
  const bob = await testRooms.member(userOf('bob'))
  const live = undecided(testRooms)
  for (const text of ['credential', '1', '2', '3']) say(live, text)
  await turn()
  t.same(bob.socket.texts, [])
  await testRooms.join(live, userOf('ann'))
  say(live, '4')
  await turn()
  t.same(bob.socket.texts, ['1', '2', '3', '4'])
  t.same(live.socket.texts, ['1', '2', '3', '4'])
})

test('[C35] 16 frames are queued, and one more closes with 3013', async (t) => {
  const live = undecided(new TestRooms())
  say(live, 'credential')
  for (let i = 0; i < QUEUED_FRAMES.countMax; i += 1) say(live, '')
  t.equal(live.socket.closedWith, null)
  say(live, '')
  t.same(live.socket.closedWith, CLOSE.tooManyRequests)
})

test('[C35] 64 KB are queued, and one byte more closes with 3013', async (t) => {
  const live = undecided(new TestRooms())
  say(live, 'credential')
  for (let i = 0; i < 4; i += 1) say(live, 'x'.repeat(QUEUED_FRAMES.bytesMax / 4))
  t.equal(live.socket.closedWith, null)
  say(live, 'x')
  t.same(live.socket.closedWith, CLOSE.tooManyRequests)
})

test('[C35] queued frames count in the message rate like any others', async (t) => {
  const testRooms = new TestRooms({ messagesPerSecond: 2 })
  const bob = await testRooms.member(userOf('bob'))
  const live = undecided(testRooms)
  for (const text of ['credential', '1', '2', '3']) say(live, text)
  await testRooms.join(live, userOf('ann'))
  await turn()
  t.same(bob.socket.texts, ['1', '2'])
  t.same(live.socket.closedWith, CLOSE.tooManyRequests)
})

test('[C34] [S5] a client that says nothing is closed with 3500 after ten seconds', async (t) => {
  const testRooms = new TestRooms()
  const first = undecided(testRooms)
  await testRooms.clock.advance(5_000)
  const late = undecided(testRooms)
  await testRooms.clock.advance(4_000)
  t.equal(first.socket.closedWith, null)
  await testRooms.clock.advance(1_000)
  t.same(first.socket.closedWith, CLOSE.invalidCredentials)
  t.equal(late.socket.closedWith, null)
  await testRooms.clock.advance(5_000)
  t.same(late.socket.closedWith, CLOSE.invalidCredentials)
})

test('[C34] [S5] the deadline also ends a decision that never comes', async (t) => {
  const testRooms = new TestRooms()
  const live = undecided(testRooms)
  say(live, 'credential')
  await testRooms.clock.advance(10_000)
  t.same(live.socket.closedWith, CLOSE.invalidCredentials)
  await testRooms.join(live, userOf('ann'))
  t.equal(live.handler.roomName, null, 'and the decision comes too late')
  await turn()
  t.equal(testRooms.rooms.size, 0)
})

test('a connection that is decided in time is not closed by the deadline', async (t) => {
  const testRooms = new TestRooms()
  const live = undecided(testRooms)
  say(live, 'credential')
  await testRooms.join(live, userOf('ann'))
  for (let i = 0; i < 30; i += 1) {
    live.connection.alive()
    await testRooms.clock.advance(1_000)
  }
  t.equal(live.socket.closedWith, null)
})

test('[S18] a user who is revoked while connecting does not stay connected', async (t) => {
  for (const revocation of [{ session: 's_ann' }, { user: 'ann' }]) {
    const testRooms = new TestRooms()
    const live = undecided(testRooms)
    await testRooms.clock.advance(1_000)
    say(live, 'credential')
    say(live, 'held')
    const bob = await testRooms.member(userOf('bob'))
    testRooms.connections.revoke(revocation)
    await testRooms.join(live, userOf('ann'))
    await turn()
    t.same(live.socket.closedWith, CLOSE.forced)
    t.same(bob.socket.texts, [], 'and publishes nothing')
    t.same(testRooms.rooms.counts('chat:a'), { members: 1, users: 1 })
  }
})

test('[S18] a connection that began after a revocation stays', async (t) => {
  const testRooms = new TestRooms()
  testRooms.connections.revoke({ user: 'ann' })
  await testRooms.clock.advance(1)
  const { socket } = await testRooms.member(userOf('ann'))
  t.equal(socket.closedWith, null)
})
