// Members that must not hear what they said themselves: because they asked for no echo, or because
// the message says so. It is left out of what they are given when they were brought up to date, as
// it is later.
import { test } from 'tap'
import type { MessageLog, Retention } from '../../src/engine/message-log.ts'
import type { Message } from '../../src/protocol/message.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { turn } from '../support/test-rooms.ts'

const EPOCH = 'e1'
const START = { epoch: EPOCH, offset: 0 }

async function scene(history: Retention | null) {
  const log = {
    follow: async () => ({ stop: () => undefined }),
    head: async () => START,
    summary: async () => ({ head: START, oldest: 1, redactions: 0 }),
  } as unknown as MessageLog
  const clock = new ManualClock()
  const rule = { ...RULE_DEFAULTS, match: '*', history }
  const rooms = new Rooms({ log, clock, shares: sharesWithin({}, clock), rules: [rule] })
  const { room } = await rooms.open('chat:a', rule)
  rooms.stop()
  let offset = 0
  const say = (text: string, origin: string, more: Partial<Message> = {}): void => {
    offset += 1
    const place = history === null ? { epoch: null, offset: 0 } : { epoch: EPOCH, offset }
    room.onMessage({ ...message(text, origin), ...place, ...more })
  }
  return { room, say }
}

function message(text: string, origin: string): Message {
  const payload = Buffer.from(text)
  const said = { kind: 'text', payload, user: null, name: null } as const
  return { ...said, origin, epoch: null, offset: 0, time: 0 }
}

const said = ({ heard }: FakeMember): (string | undefined)[] =>
  [...heard.matchAll(/data: (\w+)/g)].map(([, text]) => text)

for (const history of [null, { messages: 100, ageMs: null }]) {
  const kind = history === null ? 'a room without history' : 'a room with history'
  test(`[C43] in ${kind} no echo of what was said while one joined`, async (t) => {
    const { room, say } = await scene(history)
    const quiet = new FakeMember({ format: sse, echo: false })
    const loud = new FakeMember({ format: sse })
    for (const member of [quiet, loud]) room.holdBack(member)
    say('mine', quiet.id)
    say('theirs', loud.id)
    for (const member of [quiet, loud]) room.release(member, START)
    t.same(said(quiet), ['theirs'])
    t.same(said(loud), ['mine', 'theirs'])
  })

  test(`in ${kind} a message that says so is not for its own connection`, async (t) => {
    const { room, say } = await scene(history)
    const speaker = new FakeMember({ format: sse })
    const other = new FakeMember({ format: sse })
    for (const member of [speaker, other]) room.holdBack(member)
    say('a', speaker.id, { unechoed: true })
    say('b', speaker.id)
    say('c', speaker.id, { unechoed: true, epoch: null, offset: 0 })
    for (const member of [speaker, other]) room.release(member, START)
    t.same([speaker.failures, other.failures], [[], []], 'it leaves no hole')
    say('d', other.id, { unechoed: true })
    say('e', speaker.id, { unechoed: true })
    say('f', speaker.id)
    await turn()
    say('g', speaker.id, { unechoed: true })
    await turn()
    t.same(said(speaker), ['b', 'd', 'f'])
    t.same(said(other), ['a', 'b', 'c', 'e', 'f', 'g'])
  })
}

test('a member that joins between two such messages gets none but those after it', async (t) => {
  const { room, say } = await scene(null)
  const [speaker, late, quiet] = [true, true, false].map(
    (echo) => new FakeMember({ format: sse, echo }),
  ) as [FakeMember, FakeMember, FakeMember]
  for (const member of [speaker, quiet]) room.join(member)
  say('a', speaker.id, { unechoed: true })
  room.join(late)
  say('b', late.id, { unechoed: true })
  say('c', quiet.id)
  room.leave(speaker)
  await turn()
  t.same([speaker, late, quiet].map(said), [['b', 'c'], ['c'], ['a', 'b']])
})
