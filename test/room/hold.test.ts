// What a room holds in memory for members that return: what is published meanwhile, and the newest
// messages. Nothing of it is lost, and nothing is given that the room does not keep any more.
import { test } from 'tap'
import type { Start } from '../../src/room/resume.ts'
import { sse } from '../../src/wire/sse.ts'
import { FakeMember } from '../support/fake-member.ts'
import { RoomByHand, turns } from '../support/room-by-hand.ts'

const MINUTE_MS = 60_000
const RETENTION = { messages: 5_000, ageMs: MINUTE_MS }
/** The offsets that a member got, in order. */
const heard = (member: FakeMember) =>
  [...member.heard.matchAll(/id: e\d:(\d+)\ndata: x/g)].map(([, offset]) => Number(offset))

const upTo = (count: number, from = 1) =>
  Array.from({ length: count - from + 1 }, (_, index) => from + index)

const from = (offset: number): Start => ({ from: 'position', position: { epoch: 'e1', offset } })
/** More than a hold takes, each: 1,024 messages or 256 KB. */
const FLOODS = { messages: [1_100, 1], bytes: [60, 8_192] } as const

for (const [what, [count, bytes]] of Object.entries(FLOODS)) {
  const starts: Record<string, [Start, number]> = {
    'a position': [from(1), 2],
    now: [{ from: 'now' }, 4],
    'the newest': [{ from: 'last', count: 2 }, 2],
  }
  for (const [name, [start, first]] of Object.entries(starts)) {
    test(`[C93] too many ${what} for the hold of a member from ${name} are read`, async (t) => {
      const scene = await new RoomByHand(RETENTION).open()
      scene.useUpTails()
      scene.say(3)
      scene.wait()
      const member = scene.join(start)
      if (start.from !== 'now') await scene.goOn(1)
      await scene.goOn(null, () => scene.say(count, bytes))
      scene.say(1)
      await turns()
      t.same(heard(member), upTo(count + 4, first))
      t.same(member.failures, [])
    })
  }

  test(`[C93] too many ${what} for the hold of a join that is whole are read`, async (t) => {
    const scene = await new RoomByHand(RETENTION).open()
    scene.useUpTails()
    scene.say(3)
    scene.wait()
    const member = new FakeMember({ format: sse })
    const recovering = scene.recover(scene.room.holdBack(member), 3)
    await scene.goOn(null, () => scene.say(count, bytes))
    const { position, recovered } = await recovering
    scene.room.release(member, position)
    scene.say(1)
    await turns()
    t.equal(position.offset, count + 3)
    t.equal(recovered, count <= 1_000 && count * bytes <= 524_288)
    t.same(heard(member), [count + 4])
  })

  test(`[C93] too many ${what} between a reply and its release are no hole`, async (t) => {
    const scene = await new RoomByHand(RETENTION).open()
    scene.say(3)
    const member = new FakeMember({ format: sse })
    const { position } = await scene.recover(scene.room.holdBack(member), 3)
    scene.say(count, bytes)
    scene.room.release(member, position)
    scene.say(1)
    await turns()
    t.same([heard(member), member.failures], [[], ['unavailable']], 'it comes back')
  })

  test(`[C93] too many ${what} for the hold of a gap are read`, async (t) => {
    const scene = await new RoomByHand(RETENTION).open()
    const member = scene.join({ from: 'now' })
    await turns()
    scene.wait()
    scene.follower.onGap(scene.head)
    await scene.goOn(null, () => scene.say(count, bytes))
    scene.say(1)
    await turns()
    t.same(heard(member), upTo(count + 1))
  })
}

test('[C93] a member of a room that begins again before its release is told so', async (t) => {
  const scene = await new RoomByHand(RETENTION).open()
  scene.say(3)
  const whole = new FakeMember({ format: sse })
  const { position } = await scene.recover(scene.room.holdBack(whole), 3)
  const other = await new RoomByHand(RETENTION).open()
  other.say(3)
  other.wait()
  const member = other.join({ from: 'now' })
  await other.goOn(null, () => {
    for (const each of [scene, other]) {
      each.beginAgain()
      each.say(5)
    }
  })
  scene.room.release(whole, position)
  t.same([whole.failures, heard(whole)], [['unavailable'], []], 'it comes back')
  t.match(member.heard, /id: e2:5\nevent: reset/)
  t.same(heard(member), [])
})

test('[S20] a right that is taken away between two pages ends a replay', async (t) => {
  const scene = await new RoomByHand(RETENTION).open()
  scene.say(2_000)
  let asked = 0
  const member = scene.join(from(0), () => {
    asked += 1
    return false
  })
  await turns()
  scene.say(1)
  t.same([asked, member.failures], [1, ['forbidden']])
  t.same(heard(member), upTo(512), 'it has what it was given before, and nothing more')
})

test('[C96] what was redacted is not replayed from memory', async (t) => {
  const scene = await new RoomByHand(RETENTION).open()
  scene.say(3)
  const before = scene.join(from(0))
  await turns()
  t.same(heard(before), [1, 2, 3])
  scene.redact(2)
  const after = scene.join(from(0))
  await turns()
  t.same(heard(after), [1, 3])
  t.match(after.heard, /event: redacted/)
})

test('[C190] members that return are shown no more than the count of the rule', async (t) => {
  const scene = await new RoomByHand({ messages: 3, ageMs: null }).open()
  scene.say(5)
  const first = scene.join({ from: 'last', count: 1 })
  await turns()
  scene.say(2)
  await turns()
  t.same(heard(first).slice(-2), [6, 7])
  const late = scene.join(from(2))
  await turns()
  t.match(late.heard, /id: e1:7\nevent: reset/, 'what it missed is not kept')
  t.same(heard(late), [])
  const timely = scene.join(from(4))
  await turns()
  t.same(heard(timely), [5, 6, 7])
})

test('[C190] members that return are shown nothing older than the rule says', async (t) => {
  const scene = await new RoomByHand(RETENTION).open()
  scene.say(3)
  scene.join(from(0))
  await turns()
  scene.clock.jump(MINUTE_MS - 10)
  scene.say(2)
  const timely = scene.join(from(0))
  await turns()
  t.same(heard(timely), [1, 2, 3, 4, 5])
  scene.clock.jump(11)
  const late = scene.join(from(3))
  await turns()
  t.same(heard(late), [4, 5])
  scene.hideBefore(4)
  scene.clock.jump(-20)
  const again = scene.join(from(0))
  await turns()
  t.match(again.heard, /id: e1:5\nevent: reset/, 'also when the clock is set back')
  t.same(heard(again), [])
})

test('[C190] what the engine hides is not replayed from memory', async (t) => {
  const scene = await new RoomByHand({ messages: 5_000, ageMs: null }).open()
  scene.say(5)
  scene.join(from(0))
  await turns()
  scene.hideBefore(3)
  scene.follower.onHidden(3)
  const late = scene.join(from(1))
  await turns()
  t.match(late.heard, /id: e1:5\nevent: reset/)
  const timely = scene.join(from(2))
  await turns()
  t.same(heard(timely), [3, 4, 5])
})
