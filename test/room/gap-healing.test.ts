// A gap in what a room was told: everything in it reaches the members once and in order, whatever
// is published or missed while it is healed.
import { test } from 'tap'
import type { Follower, MessageLog, Page } from '../../src/engine/message-log.ts'
import type { Message } from '../../src/protocol/message.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { turn } from '../support/test-rooms.ts'
import { UNCHANGING } from '../support/unchanging-log.ts'

const EPOCH = 'e1'
const RULE = { ...RULE_DEFAULTS, match: '*', history: { messages: 100, ageMs: null } }

function message(offset: number): Message {
  const payload = Buffer.from(String(offset))
  return {
    kind: 'text',
    payload,
    user: null,
    name: null,
    origin: null,
    epoch: EPOCH,
    offset,
    time: 0,
  }
}

function page(offset: number, after: number): Page {
  const messages = Array.from({ length: offset - after }, (_, index) => message(after + 1 + index))
  return { head: { epoch: EPOCH, offset }, oldest: 1, redactions: 0, userRedactions: 0, messages }
}

/** A room with one member, whose reads a test answers. */
async function scene() {
  const reads: { after: number; answer: (page: Page) => void }[] = []
  let follower: Follower | null = null
  const log: MessageLog = {
    append: () => Promise.reject(new Error('a test calls the follower instead')),
    follow: async (_, one) => {
      follower = one
      return { stop: () => undefined }
    },
    async read(_, { after, order }) {
      const page = await new Promise<Page>(
        (answer) => void reads.push({ after: after ?? 0, answer }),
      )
      return order === 'asc' ? page : { ...page, messages: page.messages.toReversed() }
    },
    head: async () => ({ epoch: EPOCH, offset: 2 }),
    summary: async () => page(2, 2),
    ...UNCHANGING,
  }
  const clock = new ManualClock()
  const rooms = new Rooms({ log, clock, shares: sharesWithin({}, clock), rules: [RULE] })
  const { room } = await rooms.open('chat:a', RULE)
  const member = new FakeMember({ format: sse })
  room.join(member)
  rooms.stop()
  const heard = async (by = member): Promise<number[]> => {
    await turn()
    return [...by.heard.matchAll(/data: (\d+)/g)].map(([, offset]) => Number(offset))
  }
  return { follower: follower as unknown as Follower, room, rooms, clock, reads, heard }
}

test('a message that is not kept doubles none, in a gap or behind it', async (t) => {
  const { follower, reads, heard } = await scene()
  const whisper = { ...message(0), epoch: null, payload: Buffer.from('0') }
  const healUpTo = async (offset: number, meanwhile = () => {}): Promise<void> => {
    await turn()
    for (const { after, answer } of reads.splice(0)) answer(page(offset, after))
    meanwhile()
    await turn()
  }
  follower.onMessage(message(1))
  follower.onGap({ epoch: EPOCH, offset: 1 })
  await healUpTo(4, () => {
    follower.onMessage(message(5))
    follower.onMessage(whisper)
  })
  t.same(await heard(), [1, 2, 3, 4, 5, 0])
  // The engine counts what it told, and it told no message of the gap.
  follower.onMessage(whisper)
  follower.onGap({ epoch: EPOCH, offset: 5 })
  await healUpTo(6)
  follower.onMessage(whisper)
  follower.onGap({ epoch: EPOCH, offset: 5 })
  await healUpTo(7)
  t.same(await heard(), [1, 2, 3, 4, 5, 0, 0, 6, 0, 7])
})

test('messages missed twice are read from the first one on', async (t) => {
  const { follower, reads, heard } = await scene()
  follower.onMessage(message(1))
  follower.onGap({ epoch: EPOCH, offset: 1 })
  follower.onMessage(message(4))
  follower.onGap({ epoch: EPOCH, offset: 4 })
  while (reads.length > 0) {
    for (const { after, answer } of reads.splice(0)) answer(page(6, after))
    await turn()
  }
  follower.onMessage(message(7))
  t.same(await heard(), [1, 2, 3, 4, 5, 6, 7])
})

test('a message that arrives just as a gap is healed is not lost', async (t) => {
  const { follower, reads, heard } = await scene()
  follower.onGap({ epoch: EPOCH, offset: 0 })
  reads[0]?.answer(page(2, 0))
  for (let offset = 3; offset <= 12; offset += 1) {
    await null
    follower.onMessage(message(offset))
  }
  t.same(await heard(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

test('where nothing was said, another epoch is no loss to members', async (t) => {
  const { follower, room, reads, heard } = await scene()
  const raw = new FakeMember()
  room.join(raw)
  const other = { ...page(0, 0), head: { epoch: 'e2', offset: 0 } }
  follower.onGap({ epoch: EPOCH, offset: 0 })
  reads.splice(0)[0]?.answer(other)
  await turn()
  t.same(raw.failures, [])
  follower.onMessage({ ...message(1), epoch: 'e2' })
  t.same(await heard(), [1])
  // What was said in it since, and is there no more, is lost to them.
  follower.onGap({ epoch: 'e2', offset: 1 })
  reads.splice(0)[0]?.answer({ ...other, head: { epoch: 'e3', offset: 0 } })
  await turn()
  t.same(raw.failures, ['lost'])
})

test('a gap that follows a healed one tells nothing twice', async (t) => {
  const { follower, reads, heard } = await scene()
  follower.onMessage(message(1))
  for (const newest of [3, 5]) {
    follower.onGap({ epoch: EPOCH, offset: 1 })
    const [read] = reads.splice(0)
    read?.answer(page(newest, read.after))
    await turn()
  }
  t.same(await heard(), [1, 2, 3, 4, 5])
})

test('[C44] a member that joined before a gap hears all that is in it', async (t) => {
  const { follower, room, reads, heard } = await scene()
  const newcomer = new FakeMember({ format: sse })
  room.join(newcomer, { start: { from: 'now' }, mayJoin: () => true })
  follower.onGap({ epoch: EPOCH, offset: 0 })
  while (reads.length > 0) {
    for (const { after, answer } of reads.splice(0)) answer(page(2, after))
    await turn()
  }
  t.same(await heard(newcomer), [1, 2])
})

test('a member that joins a gap which cannot be healed is told to return later', async (t) => {
  const { follower, room, clock, heard } = await scene()
  follower.onGap({ epoch: EPOCH, offset: 0 })
  const newcomer = new FakeMember({ format: sse })
  room.join(newcomer, { start: { from: 'now' }, mayJoin: () => true })
  await clock.advance(2_999)
  t.same(newcomer.failures, [])
  await clock.advance(1)
  await turn()
  t.same(newcomer.failures, ['unavailable'])
  t.same(await heard(newcomer), [])
})

test('a member that is held back in a room without history loses nothing', async (t) => {
  const { rooms } = await scene()
  const { room } = await rooms.open('live:a', { ...RULE, history: null })
  const member = new FakeMember({ format: sse })
  room.holdBack(member)
  room.onMessage({ ...message(1), epoch: null, offset: 0 })
  room.release(member, { epoch: EPOCH, offset: 0 })
  t.match(member.heard, /data: 1/)
})
