// From a first message to a member: what is held meanwhile, and what may come between.
import { test } from 'tap'
import { CLOSE } from '../../src/protocol/errors.ts'
import { HELD_FRAMES } from '../../src/protocol/limits.ts'
import type { InboundFrame } from '../../src/wire/wire-format.ts'
import { say, turn, UsherContext, userOf } from '../support/test-rooms.ts'

/** Opens an undecided connection and remembers what it was to decide on. */
function undecided(usherContext: UsherContext) {
  const live = usherContext.open()
  const decided: InboundFrame[] = []
  live.connection.awaitFirstMessage((first) => decided.push(first))
  return { ...live, decided }
}

test('[C34] the first message decides, and only the first', async (t) => {
  const live = undecided(new UsherContext())
  say(live, 'one')
  say(live, 'two')
  t.same(live.decided, [{ payload: Buffer.from('one'), binary: false }])
})

test('[C35] what comes behind it is held and then said, in order', async (t) => {
  const usherContext = new UsherContext()
  const bob = await usherContext.member(userOf('bob'))
  const live = undecided(usherContext)
  for (const text of ['credential', '1', '2', '3']) say(live, text)
  await turn()
  t.same(bob.socket.texts, [])
  await usherContext.join(live, userOf('ann'))
  say(live, '4')
  await turn()
  t.same(bob.socket.texts, ['1', '2', '3', '4'])
  t.same(live.socket.texts, ['1', '2', '3', '4'])
})

test('[C35] 16 frames are held, and one more closes with 3013', async (t) => {
  const live = undecided(new UsherContext())
  say(live, 'credential')
  for (let i = 0; i < HELD_FRAMES.countMax; i += 1) say(live, '')
  t.equal(live.socket.closedWith, null)
  say(live, '')
  t.same(live.socket.closedWith, CLOSE.tooManyRequests)
})

test('[C35] 64 KB are held, and one byte more closes with 3013', async (t) => {
  const live = undecided(new UsherContext())
  say(live, 'credential')
  for (let i = 0; i < 4; i += 1) say(live, 'x'.repeat(HELD_FRAMES.bytesMax / 4))
  t.equal(live.socket.closedWith, null)
  say(live, 'x')
  t.same(live.socket.closedWith, CLOSE.tooManyRequests)
})

test('[C35] held frames spend the budget like any others', async (t) => {
  const usherContext = new UsherContext({ messagesPerSecond: 2 })
  const bob = await usherContext.member(userOf('bob'))
  const live = undecided(usherContext)
  for (const text of ['credential', '1', '2', '3']) say(live, text)
  await usherContext.join(live, userOf('ann'))
  await turn()
  t.same(bob.socket.texts, ['1', '2'])
  t.same(live.socket.closedWith, CLOSE.tooManyRequests)
})

test('[C34] [S5] a client that says nothing is closed with 3500 after ten seconds', async (t) => {
  const usherContext = new UsherContext()
  const first = undecided(usherContext)
  await usherContext.clock.advance(5_000)
  const late = undecided(usherContext)
  await usherContext.clock.advance(4_000)
  t.equal(first.socket.closedWith, null)
  await usherContext.clock.advance(1_000)
  t.same(first.socket.closedWith, CLOSE.invalidCredentials)
  t.equal(late.socket.closedWith, null)
  await usherContext.clock.advance(5_000)
  t.same(late.socket.closedWith, CLOSE.invalidCredentials)
})

test('[C34] [S5] the deadline also ends a decision that takes for ever', async (t) => {
  const usherContext = new UsherContext()
  const live = undecided(usherContext)
  say(live, 'credential')
  await usherContext.clock.advance(10_000)
  t.same(live.socket.closedWith, CLOSE.invalidCredentials)
  await usherContext.join(live, userOf('ann'))
  t.equal(live.connection.roomName, null, 'and what comes of it is too late')
  await turn()
  t.equal(usherContext.rooms.size, 0)
})

test('a connection that is decided in time is not closed by the deadline', async (t) => {
  const usherContext = new UsherContext()
  const live = undecided(usherContext)
  say(live, 'credential')
  await usherContext.join(live, userOf('ann'))
  for (let i = 0; i < 30; i += 1) {
    live.connection.alive()
    await usherContext.clock.advance(1_000)
  }
  t.equal(live.socket.closedWith, null)
})

test('[S18] a user who is revoked while connecting does not stay connected', async (t) => {
  for (const revocation of [{ session: 's_ann' }, { user: 'ann' }]) {
    const usherContext = new UsherContext()
    const live = undecided(usherContext)
    await usherContext.clock.advance(1_000)
    say(live, 'credential')
    say(live, 'held')
    const bob = await usherContext.member(userOf('bob'))
    usherContext.connections.revoke(revocation)
    await usherContext.join(live, userOf('ann'))
    await turn()
    t.same(live.socket.closedWith, CLOSE.forced)
    t.same(bob.socket.texts, [], 'and says nothing')
    t.same(usherContext.rooms.counts('chat:a'), { members: 1, users: 1 })
  }
})

test('[S18] a connection from after a revocation stays', async (t) => {
  const usherContext = new UsherContext()
  usherContext.connections.revoke({ user: 'ann' })
  await usherContext.clock.advance(1)
  const { socket } = await usherContext.member(userOf('ann'))
  t.equal(socket.closedWith, null)
})
