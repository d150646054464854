// Joining at a position with all that was missed in the reply, or nothing of it.
import { test } from 'tap'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import { RECOVERY } from '../../src/room/recovery.ts'
import { FakeMember } from '../support/fake-member.ts'
import { OFFSETS, offsetsIn } from '../support/replies.ts'
import { RoomByHand } from '../support/room-by-hand.ts'

const RETENTION = { messages: 5_000, ageMs: null }

async function scene(limits: Partial<Limits> = {}) {
  const here = await new RoomByHand(RETENTION, limits).open()
  const from = async (offset: number, epoch?: string) => {
    const member = new FakeMember()
    const found = await here.recover(here.room.holdBack(member), offset, epoch)
    here.room.release(member, found.position)
    return { ...found, items: offsetsIn(found.items) }
  }
  return { here, from }
}

test('an empty epoch and offset 0 bring all that is kept, also if more was said', async (t) => {
  const { here, from } = await scene()
  t.match(await from(0, ''), { recovered: true, items: [], position: here.head })
  here.say(5)
  t.match(await from(0, ''), { recovered: true, items: [1, 2, 3, 4, 5], position: here.head })
  here.hideBefore(4)
  const { here: other, from: fromOther } = await scene()
  other.say(5)
  other.hideBefore(4)
  t.match(await fromOther(0, ''), { recovered: true, items: [4, 5], position: other.head })
  t.match(await fromOther(0), { recovered: false, items: [], position: other.head })
})

test('an empty epoch stands for any, and a hole is still a loss', async (t) => {
  const { here, from } = await scene()
  here.say(5)
  here.hideBefore(4)
  t.match(await from(3, ''), { recovered: true, items: [4, 5], position: here.head })
  t.match(await from(2, ''), { recovered: false, items: [] })
  t.match(await from(6, ''), { recovered: false, items: [] }, 'it is not there yet')
  t.match(await from(3, 'e9'), { recovered: false, items: [], position: here.head })
})

test('an epoch that begins between two pages ends it, also where any was good', async (t) => {
  const { here } = await scene()
  here.useUpTails()
  here.say(600)
  here.wait()
  const member = new FakeMember()
  const recovering = here.recover(here.room.holdBack(member), 0, '')
  await here.goOn(1)
  here.beginAgain()
  await here.goOn(null)
  t.match(await recovering, { recovered: false, items: [], position: { epoch: 'e2' } })
})

test('more messages or bytes than one reply may carry are none', async (t) => {
  const { here, from } = await scene()
  here.say(RECOVERY.messagesMax)
  t.match(await from(0), { recovered: true, items: { length: RECOVERY.messagesMax } })
  here.say(1)
  t.match(await from(0), { recovered: false, items: [], position: here.head })
  t.match(await from(0, ''), { recovered: false, items: [] })
  const { here: large, from: fromLarge } = await scene()
  large.say(RECOVERY.bytesMax / 65_536, 65_536)
  t.match(await fromLarge(0), { recovered: true, items: { length: 8 } })
  large.say(1)
  t.match(await fromLarge(0), { recovered: false, items: [] })
})

test('it says how many messages were redacted, whether it brings them or not', async (t) => {
  const { here, from } = await scene()
  here.say(3)
  here.redact(2)
  t.match(await from(1), { recovered: true, items: [2, 3], redactions: 1 })
  t.match(await from(9), { recovered: false, redactions: 1 })
})

test('[S44] it counts as reading, and one who has read too much waits', async (t) => {
  const { here } = await scene({ readBytesPerSecondPerUser: 1_000 })
  here.say(8, 8_192)
  const holder = { ...NO_HOLDER, user: 'ann' }
  const recover = (offset: number | null) => {
    const from = offset === null ? null : { epoch: 'e1', offset }
    const buffer = here.room.holdBack(new FakeMember())
    return here.room.recover(buffer, { from, holder, replies: OFFSETS })
  }
  t.match(await recover(0), { recovered: true })
  t.match(await recover(4).catch((error) => error), {
    ...{ reply: { code: 111, temporary: true }, limit: 'readBytesPerSecondPerUser' },
    retryAfter: 36,
  })
  t.match(await recover(null), { position: here.head }, 'a position costs nothing')
})
