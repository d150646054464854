// One client from open to close: what each state does with the frames of the client.
import { test } from 'tap'
import { UNREADABLE } from '../../src/protocol/command.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import { DEFAULT_SCOPES } from '../../src/protocol/scope.ts'
import { type Live, say, TestRooms, turn, userOf } from '../support/test-rooms.ts'

const BACK_END: Identity = { ...ANONYMOUS, proof: 'key', server: 'backend', scopes: DEFAULT_SCOPES }

function nothingIsLeft({ connections, rooms }: TestRooms) {
  return {
    connections: connections.size,
    connectionLimits: connections.connectionLimits.taken,
    keys: connections.connectionLimits.keys,
    rooms: rooms.size,
    slow: connections.slowReaders.size,
  }
}

const NOTHING = { connections: 0, connectionLimits: 0, keys: 0, rooms: 0, slow: 0 }

test('[C42] a message of a member reaches all members of its room, itself included', async (t) => {
  const testRooms = new TestRooms()
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  const elsewhere = await testRooms.member(userOf('eve'), 'chat:b')
  say(ann, 'hello')
  say(bob, '')
  await turn()
  t.same(ann.socket.texts, ['hello', ''])
  t.same(bob.socket.texts, ['hello', ''])
  t.same(elsewhere.socket.texts, [], '[C45] and to no other member')
})

test("[C43] the echo that a client asked for goes before the rule's", async (t) => {
  for (const [asked, ruled, hears] of [
    [null, true, true],
    [null, false, false],
    [true, false, true],
    [false, true, false],
  ] as const) {
    const testRooms = new TestRooms({}, { echo: ruled })
    const live = await testRooms.join(testRooms.open(asked), userOf('ann'))
    say(live, 'me')
    await turn()
    t.same(live.socket.texts, hears ? ['me'] : [])
  }
})

test('after the end everything is given back, also when the end is reported twice', async (t) => {
  const testRooms = new TestRooms()
  const [joined, undecided, entering] = [
    await testRooms.member(userOf('ann')),
    testRooms.open(),
    testRooms.open(),
  ]
  undecided.handler.awaitFirstMessage(() => undefined)
  for (const { connection } of [joined, undecided, entering]) {
    connection.ended(1000)
    connection.ended(1000)
  }
  await turn()
  t.same(nothingIsLeft(testRooms), NOTHING)
  await testRooms.clock.advance(61_000)
  t.equal(testRooms.connections.shares.holders('messages'), 0)
})

test('a closed connection leaves its room at once, its place when the socket ends', async (t) => {
  const testRooms = new TestRooms()
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  ann.connection.close(CLOSE.forced)
  t.same(testRooms.rooms.counts('chat:a'), { members: 1, users: 1 })
  t.equal(testRooms.connections.connectionLimits.taken, 2)
  say(ann, 'ghost')
  say(bob, 'real')
  await turn()
  t.same(bob.socket.texts, ['real'])
  t.same(ann.socket.texts, [], 'no data follows a close')
  ann.connection.ended(1000)
  t.equal(testRooms.connections.connectionLimits.taken, 1)
})

test('[C44] messages from before the server closes a connection reach it', async (t) => {
  const testRooms = new TestRooms()
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  say(bob, 'you are removed')
  ann.connection.close(CLOSE.forced)
  say(bob, 'after')
  await turn()
  t.same(ann.socket.texts, ['you are removed'])
  t.same(ann.socket.closedWith, CLOSE.forced)
  t.same(bob.socket.texts, ['you are removed', 'after'])
})

test('[C88] an application that fails over a queued frame closes that connection', async (t) => {
  const first = Promise.withResolvers<boolean>()
  let asked = 0
  const testRooms = new TestRooms({}, {}, () => {
    asked += 1
    if (asked === 1) return first.promise
    throw new Error('of the application')
  })
  const ann = await testRooms.member(userOf('ann'))
  say(ann, '1')
  say(ann, '2')
  first.resolve(true)
  await turn()
  t.same(ann.socket.closedWith, CLOSE.internal)
})

test('the first reason to close is the one that counts', async (t) => {
  const testRooms = new TestRooms()
  const { connection, socket } = await testRooms.member(userOf('ann'))
  connection.close(CLOSE.slow)
  connection.close(CLOSE.shutdown)
  t.same(socket.closedWith, CLOSE.slow)
  t.same(connection.ended(1006), { ...CLOSE.slow, byServer: true, limit: null })
})

test('an end that the client began is reported as such', async (t) => {
  const testRooms = new TestRooms()
  const { connection } = await testRooms.member(userOf('ann'))
  t.same(connection.ended(1001), { code: 1001, reason: '', byServer: false, limit: null })
})

test('a connection that ended on its way in releases the room opened for it', async (t) => {
  const testRooms = new TestRooms()
  const live = testRooms.open()
  const hold = await testRooms.rooms.open('chat:a', testRooms.rule)
  live.connection.ended(1006)
  live.handler.join({ identity: userOf('ann'), hold })
  await turn()
  t.same(nothingIsLeft(testRooms), NOTHING)
})

test('[C72] too fast closes that connection alone with 3013', async (t) => {
  const testRooms = new TestRooms({ messagesPerSecond: 2 })
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  for (const text of ['1', '2', '3', '4']) say(ann, text)
  await turn()
  t.same(ann.socket.closedWith, CLOSE.tooManyRequests)
  t.equal(bob.socket.closedWith, null)
  t.same(bob.socket.texts, ['1', '2'])
})

test('[C72] a user has one message rate over all connections', async (t) => {
  const testRooms = new TestRooms({ messagesPerSecond: 2 })
  const lives = [
    await testRooms.member(userOf('ann')),
    await testRooms.member(userOf('ann')),
  ] as const
  say(lives[0], '1')
  say(lives[1], '2')
  say(lives[0], '3')
  t.same(lives[0].socket.closedWith, CLOSE.tooManyRequests)
  t.equal(lives[1].socket.closedWith, null)
})

test('[C72] server keys are exempt, and anonymous connections have a rate each', async (t) => {
  const testRooms = new TestRooms(
    { messagesPerSecond: 1, bytesPerSecond: 1 },
    { publish: ['anyone'] },
  )
  const key = await testRooms.member(BACK_END)
  const anonymous = [await testRooms.member(ANONYMOUS), await testRooms.member(ANONYMOUS)]
  for (let i = 0; i < 100; i += 1) say(key, 'abc')
  for (const member of anonymous) say(member, 'a')
  t.equal(key.socket.closedWith, null)
  for (const { socket } of anonymous) t.equal(socket.closedWith, null)
})

test('a frame that its format cannot read closes with 3501', async (t) => {
  const testRooms = new TestRooms()
  const live = await testRooms.member(userOf('ann'))
  const format = { ...live.handler.format, decode: () => [UNREADABLE] }
  Object.defineProperty(live.handler, 'format', { value: format })
  say(live, 'x')
  t.same(live.socket.closedWith, CLOSE.badRequest)
})

test('[C61] a reader for whom too much waits is cut with 3008, others go on', async (t) => {
  const testRooms = new TestRooms({ outboxBytes: 200, messagesPerSecond: null })
  const lives: [Live, Live] = [
    await testRooms.member(userOf('ann')),
    await testRooms.member(userOf('bob')),
  ]
  const [ann, bob] = lives
  bob.socket.reads = false
  for (let i = 0; i < 5; i += 1) {
    say(ann, 'x'.repeat(90))
    await turn()
  }
  t.same(bob.socket.closedWith, CLOSE.slow)
  t.equal(bob.socket.written.length, 2, 'no byte over the bound ever waited')
  t.equal(ann.socket.texts.length, 5)
  t.equal(ann.socket.closedWith, null)
})

test('[C61] a reader for whom something waits longer than outboxSeconds is cut', async (t) => {
  const testRooms = new TestRooms({ outboxSeconds: 15 })
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  bob.socket.reads = false
  say(ann, 'hello')
  await turn()
  for (let second = 1; second < 15; second += 1) {
    await testRooms.clock.advance(1_000)
    for (const { connection } of [ann, bob]) connection.alive()
  }
  t.equal(bob.socket.closedWith, null)
  await testRooms.clock.advance(1_000)
  t.same(bob.socket.closedWith, CLOSE.slow)
  t.equal(ann.socket.closedWith, null)
})

test('a message that is allowed after its connection has ended keeps no rate', async (t) => {
  const answer = Promise.withResolvers<boolean>()
  const testRooms = new TestRooms({}, {}, (_, action) => action === 'join' || answer.promise)
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  say(ann, 'last words')
  ann.connection.ended(1001)
  answer.resolve(true)
  await turn()
  t.same(bob.socket.texts, ['last words'])
  bob.connection.ended(1001)
  await testRooms.clock.advance(61_000)
  t.equal(testRooms.connections.shares.holders('messages'), 0)
})

test('[C61] a slow reader gets no message after one that did not fit', async (t) => {
  const testRooms = new TestRooms({ outboxBytes: 300, messagesPerSecond: null })
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  bob.socket.reads = false
  say(ann, 'a'.repeat(120))
  say(ann, 'b'.repeat(120))
  await turn()
  ann.socket.write = () => {
    ann.socket.write = () => undefined
    say(ann, 'short')
  }
  say(ann, 'c'.repeat(120))
  await turn()
  t.same(bob.socket.closedWith, CLOSE.slow)
  const firsts = bob.socket.texts.map(([first]) => first)
  t.same(firsts, ['a', 'b'])
})

test('a client that ends a full connection is not reported as cut', async (t) => {
  const testRooms = new TestRooms({ outboxBytes: 300 })
  const [ann, bob] = [await testRooms.member(userOf('ann')), await testRooms.member(userOf('bob'))]
  bob.socket.reads = false
  bob.socket.bufferedBytes = 290
  say(ann, 'more than fits')
  t.same(bob.connection.ended(1001), { code: 1001, reason: '', byServer: false, limit: null })
  t.equal(bob.socket.closedWith, null)
})

for (const [what, messages, isKept] of [
  ['a sender within its rate', 80, true],
  ['a sender that floods', 800, false],
] as const) {
  test(`[C72] after a stall ${what} is ${isKept ? 'heard' : 'closed with 3013'}`, async (t) => {
    const testRooms = new TestRooms({ messagesPerSecond: 50 })
    const live = await testRooms.join(testRooms.open(), userOf('ann'))
    live.connection.receive(Buffer.from('first'), false)
    // Eight seconds: what ten messages a second make of it comes at once.
    testRooms.clock.stall(8_000)
    for (let sent = 0; sent < messages; sent += 1) {
      live.connection.receive(Buffer.from('said'), false)
    }
    t.equal(live.connection.isClosed, !isKept)
  })
}
