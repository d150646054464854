// What bringing a member up to date may hold and read: a member that does not read takes no further
// page, and one whose user has read too much waits for its turn.
import { test } from 'tap'
import type { Follower, MessageLog, PageQuery } from '../../src/engine/message-log.ts'
import { type Holder, NO_HOLDER } from '../../src/engine/shares.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { Start } from '../../src/room/resume.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const EPOCH = 'e1'
const RULE = { ...RULE_DEFAULTS, match: '*', history: { messages: 1_000, ageMs: null } }
const ANN: Holder = { ...NO_HOLDER, user: 'u_ann' }
const FROM_START: Start = { from: 'position', position: { epoch: EPOCH, offset: 0 } }
const turns = async () => {
  for (let i = 0; i < 20; i += 1) await new Promise(setImmediate)
}

function message(offset: number, bytes: number, of: string): Message {
  const payload = Buffer.alloc(bytes, of)
  const said = { kind: 'text', payload, user: null, name: null, origin: null, time: 0 } as const
  return { ...said, epoch: EPOCH, offset }
}

/** A room that keeps so many messages of this size, and what was read of it. */
async function scene(count: number, bytes: number, limits: Partial<Limits> = {}, of = 'x') {
  const kept = Array.from({ length: count }, (_, index) => message(index + 1, bytes, of))
  const summary = { head: { epoch: EPOCH, offset: count }, oldest: 1, redactions: 0 }
  const reads: PageQuery[] = []
  let follower: Follower | null = null
  /** The log has one more, which this node is told when it asks. */
  const sayElsewhere = () => {
    const said = message(kept.length + 1, bytes, of)
    kept.push(said)
    summary.head = { epoch: EPOCH, offset: kept.length }
    late.push(said)
  }
  const late: Message[] = []
  const log = {
    follow: async (_: string, one: Follower) => {
      follower = one
      return { stop: () => undefined }
    },
    head: async () => {
      for (const said of late.splice(0)) follower?.onMessage(said)
      return summary.head
    },
    summary: async () => summary,
    read: async (_: string, query: PageQuery) => {
      reads.push(query)
      const asked = query.order === 'asc' ? kept.slice(query.after ?? 0) : kept.toReversed()
      const most = Math.max(1, Math.floor(query.bytes / bytes))
      return { ...summary, messages: asked.slice(0, Math.min(query.limit, most)) }
    },
  } as unknown as MessageLog
  const clock = new ManualClock()
  const shares = sharesWithin(limits, clock)
  const rooms = new Rooms({ log, clock, shares, rules: [RULE] })
  const hold = await rooms.open('chat:a', RULE)
  rooms.stop()
  const join = (member: FakeMember, start: Start) =>
    hold.room.join(member, { start, mayJoin: () => true })
  return { clock, shares, reads, hold, join, sayElsewhere }
}

/** The offsets in what a member was given. */
const heard = ({ heard }: FakeMember) =>
  [...heard.matchAll(/id: e1:(\d+)\ndata/g)].map(([, offset]) => Number(offset))

const upTo = (count: number, from = 1) =>
  Array.from({ length: count - from + 1 }, (_, index) => from + index)

test('[C61] a member that reads nothing takes no further page', async (t) => {
  // Line ends make seven bytes of one, so that a page is several writes.
  const { clock, reads, join } = await scene(100, 20_000, {}, '\n')
  const member = new FakeMember({ format: sse })
  // Its position alone would be written at once.
  member.onDeliver = () => {
    if (member.heard.length > 1_000) member.bufferedBytes = 1
  }
  join(member, FROM_START)
  await turns()
  const read = reads.length
  const waits = t.capture(clock, 'after', clock.after)
  for (let i = 0; i < 50; i += 1) await clock.advance(100)
  t.equal(reads.length, read)
  t.ok(waits().length < 25, 'it is looked at less and less often')
  t.same(heard(member), [1])
  t.ok(member.heard.length < 200_000, `${member.heard.length} bytes`)
  for (const { bytes } of reads) t.ok(bytes <= 262_144, `a page of ${bytes} bytes`)
  member.onDeliver = () => {}
  member.bufferedBytes = 0
  await clock.advance(320)
  await turns()
  t.same(heard(member), upTo(100), 'and then it goes on where it was')
})

test('[C182] a member is given one piece ahead of what it says it has read', async (t) => {
  const { clock, join } = await scene(100, 5_000)
  const member = new FakeMember({ format: sse })
  member.tells = true
  join(member, FROM_START)
  let most = 0
  for (let answers = 0; answers < 100 && heard(member).length < 100; answers += 1) {
    const before = member.heard.length
    member.unreadPieces = 0
    for (let second = 0; second < 5; second += 1) {
      await turns()
      await clock.advance(1_000)
    }
    most = Math.max(most, member.heard.length - before)
  }
  t.same(heard(member), upTo(100))
  t.ok(most < 40_000, `${most} bytes at once: one piece, and the first one too`)
})

test('[C182] a member that is fast is given more and more', async (t) => {
  const { clock, join } = await scene(100, 5_000)
  const member = new FakeMember({ format: sse })
  member.tells = true
  join(member, FROM_START)
  let answers = 0
  for (; heard(member).length < 100 && answers < 100; answers += 1) {
    member.unreadPieces = 0
    await clock.advance(320)
    await turns()
  }
  t.same(heard(member), upTo(100))
  t.ok(answers < 15, `${answers} times`)
})

test('[C182] a member that never answers is asked no more', async (t) => {
  const { clock, join } = await scene(100, 5_000)
  const member = new FakeMember({ format: sse })
  member.tells = true
  join(member, FROM_START)
  for (let i = 0; i < 40; i += 1) {
    await turns()
    await clock.advance(1_000)
  }
  t.same(heard(member), upTo(100))
  t.equal(member.unreadPieces, 1)
})

test('[C113] a member whose user has read too much waits and misses nothing', async (t) => {
  const { clock, shares, join } = await scene(40, 20_000, { readBytesPerSecondPerUser: 10_000 })
  const member = new FakeMember({ format: sse, holder: ANN })
  join(member, FROM_START)
  await turns()
  const before = heard(member).length
  t.ok(before > 0 && before < 40, `${before} messages at once`)
  t.ok(shares.spend('reads', ANN, 0), 'the bytes of the replay count for the user')
  await clock.advance(1_000)
  t.equal(heard(member).length, before)
  for (let i = 0; i < 80; i += 1) await clock.advance(1_000)
  t.same(heard(member), upTo(40))
  t.same(member.failures, [])
})

test('[C113] a member is brought up to date, however much else its user reads', async (t) => {
  const { clock, shares, join } = await scene(40, 20_000, { readBytesPerSecondPerUser: 10_000 })
  const member = new FakeMember({ format: sse, holder: ANN })
  join(member, FROM_START)
  await turns()
  for (let i = 0; i < 5_000 && heard(member).length < 40; i += 1) {
    if (shares.spend('reads', ANN, 0) === null) shares.charge('reads', ANN, 50_000)
    await clock.advance(100)
  }
  t.same(heard(member), upTo(40))
})

test('a member that leaves while it waits reads nothing more', async (t) => {
  const { clock, shares, reads, hold, join } = await scene(40, 20_000, {
    readBytesPerSecondPerUser: 10_000,
  })
  shares.charge('reads', ANN, 400_000)
  const member = new FakeMember({ format: sse, holder: ANN })
  join(member, FROM_START)
  await turns()
  hold.room.leave(member)
  for (let i = 0; i < 80; i += 1) await clock.advance(1_000)
  t.same([reads.length, clock.timers], [0, 0])
})

test('[C49] the newest messages are all replayed, although pages are small', async (t) => {
  const { reads, join } = await scene(100, 60_000)
  const member = new FakeMember({ format: sse })
  join(member, { from: 'last', count: 50 })
  await turns()
  await turns()
  t.same(heard(member), upTo(100, 51))
  t.ok(reads.length > 10)
})

test('what rooms hold in memory for members that return is bounded', async (t) => {
  const { shares, hold, join } = await scene(10, 1_000)
  join(new FakeMember({ format: sse, holder: ANN }), FROM_START)
  await turns()
  t.equal(shares.held('tails'), 1)
  hold.release()
  t.equal(shares.held('tails'), 0, 'a room that is closed holds nothing')
  const other = await scene(10, 1_000)
  while ('release' in other.shares.take('tails', ANN, 500_000));
  const member = new FakeMember({ format: sse, holder: ANN })
  other.join(member, FROM_START)
  await turns()
  t.same(heard(member), upTo(10), 'where no more may be held, a member reads a page of its own')
})

test('a client that heard more on another node goes on from there', async (t) => {
  const { join, sayElsewhere } = await scene(3, 10)
  const first = new FakeMember({ format: sse })
  join(first, FROM_START)
  await turns()
  t.same(heard(first), upTo(3))
  sayElsewhere()
  const member = new FakeMember({ format: sse })
  join(member, { from: 'position', position: { epoch: EPOCH, offset: 4 } })
  await turns()
  t.match(member.heard, /event: position\ndata: .*"offset":4/)
  t.notMatch(member.heard, 'event: reset')
})
