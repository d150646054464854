// What a member that is being brought up to date sees of messages that are redacted meanwhile, on
// their way from the engine and in what is held back.
import t from 'tap'
import type { Follower, MessageLog, Page } from '../../src/engine/message-log.ts'
import { type Message, tombstoneOf } from '../../src/protocol/message.ts'
import type { JoinBuffer } from '../../src/room/join-buffer.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { RECOVERING } from '../support/room-by-hand.ts'
import { turn } from '../support/test-rooms.ts'
import { UNCHANGING } from '../support/unchanging-log.ts'

const RULE: Rule = { ...RULE_DEFAULTS, match: '*', history: { messages: 100, ageMs: null } }
const EPOCH = 'e'

function message(offset: number, user = 'u_ada'): Message {
  const payload = Buffer.from(`secret ${offset}`)
  const rest = { user, name: 'Ada', origin: null, epoch: EPOCH, time: 0 }
  return { kind: 'text', payload, offset, ...rest }
}

function page(...messages: Message[]): Page {
  const head = { epoch: EPOCH, offset: messages.at(-1)?.offset ?? 0 }
  return { head, oldest: 1, redactions: 0, userRedactions: 0, messages }
}

/** A room with a member that returns at offset 0; a test answers the reads. */
async function scene() {
  const reads: ((page: Page) => void)[] = []
  let follower: Follower | null = null
  const log: MessageLog = {
    ...UNCHANGING,
    append: () => Promise.reject(new Error('a test calls the follower instead')),
    follow: async (_, one) => {
      follower = one
      return { stop: () => undefined }
    },
    async read(_, { order }) {
      const page = await new Promise<Page>((answer) => void reads.push(answer))
      return order === 'asc' ? page : { ...page, messages: page.messages.toReversed() }
    },
    head: async () => ({ epoch: EPOCH, offset: 2 }),
    summary: async () => page(message(1), message(2)),
  }
  const clock = new ManualClock()
  const rooms = new Rooms({ log, clock, shares: sharesWithin({}, clock), rules: [RULE] })
  rooms.stop()
  const { room } = await rooms.open('chat:a', RULE)
  const member = new FakeMember({ format: sse })
  const answer = async (answered: Page) => {
    await turn()
    reads.shift()?.(answered)
    await turn()
  }
  const join = () => {
    const position = { epoch: EPOCH, offset: 0 }
    room.join(member, { start: { from: 'position', position }, mayJoin: () => true })
  }
  const events = () =>
    member.heard
      .split('\n\n')
      .filter((event) => /^(id: .*\n)?(event: redacted\n)?data: (secret|\d|$)/.test(event))
      .map((event) => event.replaceAll(/id: e:|event: /g, '').replaceAll('\n', ' '))
  return { follower: follower as unknown as Follower, room, member, join, reads, answer, events }
}

t.test('[C96] a message that is redacted while its page is read is not shown', async (t) => {
  const { follower, join, answer, events } = await scene()
  join()
  // The newest messages do not begin early enough, so that a page is read.
  await answer(page(message(2)))
  follower.onRedacted(1)
  await answer(page(message(1), message(2)))
  t.same(events(), ['1 redacted data: ', '2 data: secret 2', 'redacted data: 1'])
})

t.test('[C214] a page is read again where a user was redacted meanwhile', async (t) => {
  const { follower, join, reads, answer, events } = await scene()
  join()
  await answer(page(message(2, 'u_bob')))
  follower.onUserRedacted('u_ada')
  await answer(page(message(1), message(2, 'u_bob')))
  t.equal(reads.length, 1)
  await answer(page(tombstoneOf(message(1)), message(2, 'u_bob')))
  t.same(events(), ['1 redacted data: ', '2 data: secret 2'])
})

t.test('[C214] a page that shows nothing of a redacted user is not read again', async (t) => {
  const { follower, join, reads, answer, events } = await scene()
  join()
  await answer(page(message(2, 'u_bob')))
  for (const user of ['u_eve', 'u_ada']) follower.onUserRedacted(user)
  await answer(page(tombstoneOf(message(1)), message(2, 'u_bob')))
  t.same([reads.length, events()], [0, ['1 redacted data: ', '2 data: secret 2']])
})

t.test(
  '[C214] messages in memory stay for those that return, but for those of the user',
  async (t) => {
    const { follower, room, join, member, reads, answer } = await scene()
    const again = async () => {
      room.leave(member)
      join()
      await turn()
      return reads.length
    }
    join()
    await answer(page(message(1, 'u_bob'), message(2, 'u_bob')))
    follower.onUserRedacted('u_ada')
    t.equal(await again(), 0)
    follower.onUserRedacted('u_bob')
    t.equal(await again(), 1)
  },
)

t.test('[C96] [C214] what is held back for a member is redacted too', async (t) => {
  for (const [redact, expected] of [
    [(follower: Follower) => follower.onRedacted(3), ['secret 2', '', 'secret 4', '3']],
    [(follower: Follower) => follower.onUserRedacted('u_ada'), ['secret 2', '', 'secret 4']],
  ] as const) {
    const { follower, join, answer, events } = await scene()
    join()
    await turn()
    follower.onMessage(message(3))
    follower.onMessage(message(4, 'u_bob'))
    redact(follower)
    const kept = page(message(1, 'u_bob'), message(2, 'u_bob'))
    for (let read = 0; read < 3; read += 1) await answer(kept)
    const data = events().map((event) => event.replace(/.*data: /, ''))
    t.same(data, ['secret 1', ...expected])
  }
})

t.test('[C96] what is published during a gap is redacted too', async (t) => {
  const { follower, room, member, answer, events } = await scene()
  room.join(member)
  follower.onGap({ epoch: EPOCH, offset: 1 })
  follower.onMessage(message(3))
  follower.onRedacted(3)
  await answer(page(message(2)))
  t.same(events(), ['redacted data: 3', '2 data: secret 2', '3 redacted data: '])
})

t.test('[C218] a redaction of a former epoch is not told in the next one', async (t) => {
  const { follower, room, member, answer, events } = await scene()
  const buffer = room.holdBack(member)
  follower.onRedacted(1)
  follower.onGap({ epoch: EPOCH, offset: 2 })
  const head = { epoch: 'f', offset: 1 }
  await answer({ ...page({ ...message(1), epoch: 'f' }), head })
  buffer.clear()
  room.release(member, head)
  t.same(events(), [])
  follower.onRedacted(1)
  await turn()
  t.same(events(), ['redacted data: 1'])
})

t.test('what a reply would bring is given up where something was redacted meanwhile', async (t) => {
  const { follower, room, member, answer } = await scene()
  const buffer: JoinBuffer = room.holdBack(member)
  const from = { epoch: EPOCH, offset: 0 }
  const recovering = room.recover(buffer, { from, ...RECOVERING })
  const head = { epoch: EPOCH, offset: 3 }
  await answer({ ...page(message(3)), head })
  await answer({ ...page(message(1)), head })
  follower.onRedacted(1)
  await answer({ ...page(message(2)), head })
  t.match(await recovering, { recovered: false, items: [], position: { offset: 2 } })
})
