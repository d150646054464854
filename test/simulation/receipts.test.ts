// Lives of rooms and their participants on SQLite, over days in which some of them stay away.
import t from 'tap'
import { openEngine } from '../../src/engine/open-engine.ts'
import { livesAgree } from '../contract/support/receipt-lives.ts'
import { ManualClock } from '../support/manual-clock.ts'

const DAY_MS = 86_400_000

t.test('receipts are those of a plain model, whatever comes late, again or never', async (t) => {
  const clock = new ManualClock()
  const engine = await openEngine({ kind: 'memory' }, clock)
  t.teardown(() => engine.close())
  const pass = (days: number) => clock.jump(days * DAY_MS)
  const parts = { nodes: [engine, engine] as const, now: () => clock.now(), pass, exactTimes: true }
  await livesAgree(t, parts, { numRuns: 50, days: true })
})
