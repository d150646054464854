// Which participants are connected is noted for the store: those who come, and once a day all.
import { test } from 'tap'
import type { ReceiptStore } from '../../src/engine/receipt-store.ts'
import { ParticipantsSeen, type Present } from '../../src/room/participants-seen.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(present: readonly Present[] = []) {
  const clock = new ManualClock()
  const seen: [string, readonly string[]][] = []
  const store = {
    async seen(user: string, rooms: readonly string[]) {
      seen.push([user, rooms])
    },
  } as unknown as ReceiptStore
  const participants = new ParticipantsSeen({ store, clock, present: () => present.values() })
  return { clock, seen, participants }
}

test('a user who comes is noted within a second, with all their rooms at once', async (t) => {
  const { clock, seen, participants } = setUp()
  for (const room of ['chat:a', 'chat:b', 'chat:a']) participants.came('ann', room)
  await clock.advance(1_000)
  t.same(seen, [['ann', ['chat:a', 'chat:b']]])
  await clock.advance(10_000)
  t.equal(seen.length, 1)
  participants.stop()
})

test('of a crowd so many are noted in a second, and so many wait', async (t) => {
  const { clock, seen, participants } = setUp()
  for (let n = 0; n < 20_000; n += 1) participants.came(`u${n}`, 'chat:a')
  await clock.advance(1_000)
  t.equal(seen.length, 500)
  await clock.advance(60_000)
  t.equal(seen.length, 10_000)
  participants.stop()
})

test('those who stay are noted once a day', async (t) => {
  const all = Array.from({ length: 1_200 }, (_, n) => [`u${n}`, 'chat:a'] as const)
  const { clock, seen, participants } = setUp(all)
  await clock.advance(86_000_000)
  t.equal(seen.length, 0)
  await clock.advance(403_000)
  t.equal(seen.length, 1_200)
  participants.stop()
  await clock.advance(90_000_000)
  t.equal(seen.length, 1_200)
})
