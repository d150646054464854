// A member that asked for no echo, while it is brought up to date: what it said itself meanwhile is
// left out of what it is given then, as it is later.
import { test } from 'tap'
import type { MessageLog } from '../../src/engine/message-log.ts'
import type { Message } from '../../src/protocol/message.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS } from '../../src/room/rule.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const EPOCH = 'e1'

for (const history of [null, { messages: 100, ageMs: null }]) {
  const room = history === null ? 'a room without history' : 'a room with history'
  test(`[C43] in ${room} no echo of what was said while one joined`, async (t) => {
    const head = { epoch: EPOCH, offset: 0 }
    const log = {
      follow: async () => ({ stop: () => undefined }),
      head: async () => head,
      summary: async () => ({ head, oldest: 1, redactions: 0 }),
    } as unknown as MessageLog
    const clock = new ManualClock()
    const rule = { ...RULE_DEFAULTS, match: '*', history }
    const rooms = new Rooms({ log, clock, shares: sharesWithin({}, clock), rules: [rule] })
    const hold = await rooms.open('chat:a', rule)
    t.teardown(() => rooms.stop())

    const quiet = new FakeMember({ format: sse, echo: false })
    const loud = new FakeMember({ format: sse })
    for (const member of [quiet, loud]) hold.room.holdBack(member)
    const say = (text: string, origin: string, offset: number): void =>
      hold.room.onMessage(message(text, origin, history === null ? 0 : offset))
    say('mine', quiet.id, 1)
    say('theirs', loud.id, 2)
    for (const member of [quiet, loud]) hold.room.release(member, { epoch: EPOCH, offset: 0 })
    t.same(said(quiet), ['theirs'])
    t.same(said(loud), ['mine', 'theirs'])
  })
}

function message(text: string, origin: string, offset: number): Message {
  const said = {
    kind: 'text',
    payload: Buffer.from(text),
    user: null,
    name: null,
    time: 0,
  } as const
  return { ...said, origin, offset, epoch: offset === 0 ? null : EPOCH }
}

const said = ({ heard }: FakeMember): (string | undefined)[] =>
  [...heard.matchAll(/data: (\w+)/g)].map(([, text]) => text)
