// When a store is given up, and when it is probed.
import t from 'tap'
import { watchStore } from '../../../src/engine/sqlite/store-watch.ts'
import { ManualClock } from '../../support/manual-clock.ts'

/** A writer whose state a test sets, and what the watch did. */
function scene() {
  const clock = new ManualClock()
  const seen: string[] = []
  const writer = {
    unansweredMs: 0,
    away: null as string | null,
    giveUp: (reason: string) => seen.push(reason),
    probe: async () => seen.push('probe'),
  }
  const stored = { giveUp: (reason: string) => seen.push(`drafts: ${reason}`) }
  const receipts = { giveUp: (reason: string) => seen.push(`receipts: ${reason}`) }
  const parts = { clock, writer, stored, receipts }
  const timer = watchStore(parts as unknown as Parameters<typeof watchStore>[0])
  return { clock, writer, seen, timer }
}

t.test('[C201] a commit without an answer is given up before three seconds', async (t) => {
  const { clock, writer, seen } = scene()
  writer.unansweredMs = 2_500
  await clock.advance(250)
  t.same(seen, [], 'longer than SQLite waits for a lock')
  writer.unansweredMs = 2_750
  await clock.advance(250)
  const reason = 'SQLite has not answered for 3 seconds.'
  t.same(seen, [reason, `drafts: ${reason}`, `receipts: ${reason}`])
})

t.test('[C200] a store that is away is probed four times a second, and no other', async (t) => {
  const { clock, writer, seen, timer } = scene()
  await clock.advance(1_000)
  t.same(seen, [])
  writer.away = 'the disk is full'
  await clock.advance(1_000)
  t.same(seen, ['probe', 'probe', 'probe', 'probe'])
  writer.unansweredMs = 100
  await clock.advance(1_000)
  t.equal(seen.length, 4, 'one at a time')
  writer.unansweredMs = 0
  timer.cancel()
  await clock.advance(1_000)
  t.equal(seen.length, 4)
})
