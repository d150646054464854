// A room is opened by its first hold and closed after the last one is released.
import { test } from 'tap'
import type { Follow, Follower, MessageLog } from '../../src/engine/message-log.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { FakeMember } from '../support/fake-member.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { UNCHANGING } from '../support/unchanging-log.ts'

const rule: Rule = { ...RULE_DEFAULTS, match: '*' }
const draft = {
  kind: 'text' as const,
  payload: Buffer.from('a'),
  user: null,
  name: null,
  origin: null,
}

/** A follow that the test lets succeed or fail. */
interface Asked {
  room: string
  follower: Follower
  succeed(): void
  fail(error: Error): void
  stopped: boolean
}

const NOWHERE = { epoch: 'e', offset: 0 }
const NOTHING = { head: NOWHERE, oldest: 1, redactions: 0, userRedactions: 0 }

/** A log whose follows wait until the test settles them, one follower per room as the port says. */
function logByHand(): { log: MessageLog; asked: Asked[] } {
  const asked: Asked[] = []
  const followers = new Map<string, Follower>()
  const log: MessageLog = {
    append(room, draft) {
      followers.get(room)?.onMessage({ ...draft, epoch: null, offset: 0, time: 0 })
      return { position: null, time: 0, repeated: false }
    },
    follow(room, follower) {
      const { promise, resolve, reject } = Promise.withResolvers<Follow>()
      const entry: Asked = { room, follower, stopped: false, fail: reject, succeed }
      asked.push(entry)
      const stop = () => {
        entry.stopped = true
        if (followers.get(room) === follower) followers.delete(room)
      }
      function succeed() {
        followers.set(room, follower)
        resolve({ stop })
      }
      return promise
    },
    read: async () => ({ ...NOTHING, messages: [] }),
    head: async () => NOWHERE,
    summary: async () => NOTHING,
    ...UNCHANGING,
  }
  return { log, asked }
}

function roomsByHand() {
  const { log, asked } = logByHand()
  const clock = new ManualClock()
  return { rooms: new Rooms({ log, clock, shares: sharesWithin(), rules: [rule] }), asked }
}

const turn = () => new Promise(setImmediate)

test('a room is opened once for all its holds, and closed after the last release', async (t) => {
  const { rooms, asked } = roomsByHand()
  const opening = [rooms.open('a', rule), rooms.open('a', rule)]
  t.equal(asked.length, 1)
  asked[0]?.succeed()
  const [first, second] = await Promise.all(opening)
  const third = await rooms.open('a', rule)
  t.equal(first?.room, second?.room)
  t.equal(third.room, first?.room)
  t.equal(asked.length, 1, 'the log was not followed again')
  for (const hold of [first, second]) hold?.release()
  await turn()
  t.equal(asked[0]?.stopped, false)
  t.equal(rooms.size, 1)
  third.release()
  await turn()
  t.equal(asked[0]?.stopped, true)
  t.equal(rooms.size, 0)
})

test('releasing twice counts once', async (t) => {
  const { rooms, asked } = roomsByHand()
  const opening = [rooms.open('a', rule), rooms.open('a', rule)]
  asked[0]?.succeed()
  const [first, second] = await Promise.all(opening)
  first?.release()
  first?.release()
  await turn()
  t.equal(rooms.size, 1, 'the second hold still keeps it')
  second?.release()
  t.equal(rooms.size, 0)
})

test('a room that could not be opened leaves nothing behind and can be tried again', async (t) => {
  const { rooms, asked } = roomsByHand()
  const opening = [rooms.open('a', rule), rooms.open('a', rule)]
  asked[0]?.fail(new Error('the store is away'))
  for (const open of opening) await t.rejects(open, /the store is away/)
  t.equal(rooms.size, 0)
  const again = rooms.open('a', rule)
  t.equal(asked.length, 2)
  asked[1]?.succeed()
  ;(await again).release()
  t.equal(rooms.size, 0)
})

test('a log that throws instead of rejecting leaves nothing behind either', async (t) => {
  const { log } = logByHand()
  log.follow = () => {
    throw new Error('broken')
  }
  const clock = new ManualClock()
  const rooms = new Rooms({ log, clock, shares: sharesWithin(), rules: [rule] })
  await t.rejects(rooms.open('a', rule), /broken/)
  t.equal(rooms.size, 0)
})

test('a join while a room closes gets a new one, which the old end does not stop', async (t) => {
  const { rooms, asked } = roomsByHand()
  const opening = rooms.open('a', rule)
  asked[0]?.succeed()
  const old = await opening
  old.release()
  const reopening = rooms.open('a', rule)
  asked[1]?.succeed()
  const hold = await reopening
  const member = new FakeMember()
  hold.room.join(member)
  await turn()
  t.equal(asked[0]?.stopped, true)
  t.equal(asked[1]?.stopped, false)
  t.not(hold.room, old.room)
  await rooms.publish('a', { identity: null, address: null }, draft)
  await turn()
  t.equal(member.heard, '[a]')
})

test('rooms do not know each other, and each has its own counts', async (t) => {
  const { rooms, asked } = roomsByHand()
  const opening = [rooms.open('a', rule), rooms.open('b', rule)]
  for (const follow of asked) follow.succeed()
  const [a, b] = await Promise.all(opening)
  for (const user of ['u_1', 'u_1', 'u_2', null]) a?.room.join(new FakeMember({ user }))
  t.equal(rooms.size, 2)
  t.same(rooms.counts('a'), { members: 4, users: 2 })
  t.same(rooms.counts('b'), { members: 0, users: 0 })
  t.same(rooms.counts('c'), { members: 0, users: 0 })
  b?.release()
  t.equal(rooms.size, 1)
})
