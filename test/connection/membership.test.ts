// A connection in several rooms, over a wire format with replies: one write per turn, replies and
// messages in the order of the calls, and rooms that are left one by one.
import { test } from 'tap'
import { Connection } from '../../src/connection/connection.ts'
import type { Handler } from '../../src/connection/handler.ts'
import { FAILURES, Membership } from '../../src/connection/membership.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import type { Revocation } from '../../src/protocol/identity.ts'
import type { Failure } from '../../src/room/member.ts'
import type { Sender } from '../../src/room/publish.ts'
import { FakeSocket } from '../support/fake-socket.ts'
import { TestRooms, turn, userOf } from '../support/test-rooms.ts'
import { toy } from '../wire/toy-format.ts'

/** The least that a handler of many rooms does; commands and replies come through the format. */
class ManyRooms implements Handler, Sender {
  readonly format = toy
  readonly connection: Connection
  readonly memberships = new Map<string, Membership>()
  readonly failures: Failure[] = []

  constructor(connection: Connection) {
    this.connection = connection
  }

  get identity() {
    return this.connection.identity
  }

  get address() {
    return this.connection.seat.address
  }

  async join(testRooms: TestRooms, name: string): Promise<void> {
    const hold = await testRooms.rooms.open(name, testRooms.rule)
    const { connection, format } = this
    const membership = new Membership({ connection, hold, format, echo: true, owner: this })
    this.memberships.set(name, membership)
    hold.room.join(membership)
  }

  membershipFailed(_: Membership, failure: Failure): void {
    this.failures.push(failure)
  }

  receive(payload: Buffer, binary: boolean): void {
    for (const command of toy.decode({ payload, binary })) {
      if (command.type !== 'publish') return this.connection.close(CLOSE.badRequest)
      const { id, room, kind } = command
      const target = this.memberships.get(room ?? '')?.hold.room
      if (target === undefined) return this.connection.close(CLOSE.forbidden)
      const draft = {
        kind,
        payload: command.payload,
        user: null,
        name: null,
        origin: this.connection.id,
      }
      const published = target.publish(this, draft)
      if (published instanceof Promise) throw new Error('this room keeps nothing')
      const { position, time } = published
      this.connection.send(toy.replies?.reply(id, { type: 'published', position, time }) as Buffer)
    }
  }

  revoked(revocation: Revocation): void {
    if (!('room' in revocation) || revocation.room === undefined) {
      return this.connection.close(CLOSE.forced)
    }
    const { room } = revocation
    this.memberships.get(room)?.leave()
    this.memberships.delete(room)
    const ended = { type: 'unsubscribed', room, code: 2_100, reason: 'sent out' } as const
    this.connection.send(toy.announce(ended) as Buffer)
  }

  end(): void {
    for (const membership of this.memberships.values()) membership.leave()
  }
}

async function inRooms(testRooms: TestRooms, user: string, names: readonly string[]) {
  const { connections, clock } = testRooms
  const socket = new FakeSocket()
  const seat = connections.connectionLimits.take('192.0.2.1', clock.elapsed())
  const connection = new Connection({ connections, socket, seat })
  const handler = new ManyRooms(connection)
  connection.open(handler)
  seat.assign(user)
  connection.identify(userOf(user))
  for (const name of names) await handler.join(testRooms, name)
  return { socket, connection, handler }
}

const say = ({ connection }: { connection: Connection }, text: string): void =>
  connection.receive(Buffer.from(text), false)

test('messages of several rooms in a turn are one write, replies in their place', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a', 'chat:b', 'chat:c'])
  const bob = await inRooms(testRooms, 'bob', ['chat:a', 'chat:c'])
  say(ann, '1 chat:a one\n2 chat:b two\n3 chat:c three')
  await turn()
  t.equal(bob.socket.written.length, 1)
  t.same(bob.socket.texts, ['chat:a said 0 "one"', 'chat:c said 0 "three"'])
  t.equal(ann.socket.written.length, 1, 'replies and messages together')
  t.same(ann.socket.texts, [
    ...['1 sent', '2 sent', '3 sent'],
    ...['chat:a said 0 "one"', 'chat:b said 0 "two"', 'chat:c said 0 "three"'],
  ])
  t.equal(testRooms.rooms.totals.writes, 2, 'counted as writes, not as hand-overs')
})

test('members of one room share one buffer, whatever they gather', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a', 'chat:b'])
  const bob = await inRooms(testRooms, 'bob', ['chat:a', 'chat:b'])
  const raw = await testRooms.member(userOf('eve'), 'chat:a')
  say(raw, 'x')
  await turn()
  t.equal(ann.socket.written[0], bob.socket.written[0], 'no copy where one room wrote')
  t.same(raw.socket.texts, ['x'], 'and plain frames for the others')
})

test('joins and leaves come in their order among messages, where a format has words', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a'])
  const eve = await testRooms.member(userOf('eve'), 'chat:a')
  const room = ann.handler.memberships.get('chat:a')?.hold.room
  const client = { connection: 'n1', user: 'bob', name: null, info: null }
  say(eve, 'before')
  room?.tell({ type: 'joined', room: 'chat:a', client })
  say(eve, 'between')
  room?.tell({ type: 'left', room: 'chat:a', client })
  await turn()
  t.same(ann.socket.texts, [
    ...['chat:a said 0 "before"', 'chat:a joined n1'],
    ...['chat:a said 0 "between"', 'chat:a left n1'],
  ])
  t.same(eve.socket.texts, ['before', 'between'], 'plain frames have no words for them')
})

test('[S18] sent out of one room, a connection stays in the others', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a', 'chat:b'])
  testRooms.connections.revoke({ user: 'ann', room: 'chat:a' })
  t.equal(ann.socket.closedWith, null)
  const eve = await testRooms.member(userOf('eve'), 'chat:b')
  say(eve, 'still here')
  await turn()
  t.same(ann.socket.texts, ['chat:a unsubscribed 2100', 'chat:b said 0 "still here"'])
  testRooms.connections.revoke({ user: 'ann' })
  t.same(ann.socket.closedWith, CLOSE.forced)
  ann.connection.ended(1000)
  eve.connection.ended(1000)
  await turn()
  t.equal(testRooms.rooms.size, 0)
})

test('gathered messages go out before a close, and nothing after it', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a', 'chat:b'])
  const bob = await inRooms(testRooms, 'bob', ['chat:a', 'chat:b'])
  say(bob, '1 chat:a one\n2 chat:b two')
  ann.connection.close(CLOSE.forced)
  say(bob, '3 chat:a late')
  await turn()
  t.same(ann.socket.texts, ['chat:a said 0 "one"', 'chat:b said 0 "two"'])
})

test('[C61] gathered messages count in the outbox: a reader over its bound is cut', async (t) => {
  const testRooms = new TestRooms({ outboxBytes: 300, messagesPerSecond: null })
  const ann = await inRooms(testRooms, 'ann', ['chat:a', 'chat:b'])
  const bob = await inRooms(testRooms, 'bob', ['chat:a', 'chat:b'])
  bob.socket.reads = false
  const long = 'x'.repeat(90)
  for (let i = 0; i < 4 && bob.socket.closedWith === null; i += 1) {
    say(ann, `1 chat:a ${long}\n2 chat:b ${long}`)
    await turn()
  }
  t.same(bob.socket.closedWith, CLOSE.slow)
  t.ok(Buffer.concat(bob.socket.written).length <= 300)
  t.equal(ann.socket.closedWith, null)
})

test('a format with a ping of its own sends that, and any frame answers it', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a'])
  for (let second = 1; second <= 30; second += 1) {
    await testRooms.clock.advance(1_000)
    say(ann, `${second} chat:a hello`)
    await turn()
  }
  t.equal(ann.socket.pings, 0)
  t.ok(ann.socket.texts.includes('?'))
  t.equal(ann.socket.closedWith, null)
  for (let second = 1; second <= 8; second += 1) await testRooms.clock.advance(1_000)
  t.same(ann.socket.closedWith, CLOSE.noPong)
})

test('a member that its room cannot bring up to date loses its membership alone', async (t) => {
  const testRooms = new TestRooms()
  const ann = await inRooms(testRooms, 'ann', ['chat:a', 'chat:b'])
  ann.handler.memberships.get('chat:a')?.fail('lost')
  t.same(ann.handler.failures, ['lost'])
  t.equal(FAILURES.lost, CLOSE.insufficientState)
  t.equal(testRooms.rooms.counts('chat:a').members, 0)
  t.equal(ann.socket.closedWith, null)
})

test('[C61] gathered bytes count at once in what waits for all readers', async (t) => {
  const limits = { outboxTotalBytes: 2_000, outboxBytes: 1_000_000, messagesPerSecond: null }
  const testRooms = new TestRooms(limits)
  const ann = await inRooms(testRooms, 'ann', ['chat:a'])
  const bob = await inRooms(testRooms, 'bob', ['chat:a'])
  bob.socket.reads = false
  say(ann, `1 chat:a ${'x'.repeat(3_000)}`)
  await turn()
  t.same(bob.socket.closedWith, CLOSE.slow)
  t.equal(ann.socket.closedWith, null)
})
