// The hot path of rooms without history: everything happens within the call.
import t from 'tap'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { draft } from '../../contract/support/samples.ts'
import { ephemeralLog } from '../../support/ephemeral-log.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const PLAIN = { retention: null, key: null, holder: NO_HOLDER }

t.test('an append answers without a promise, after its follower was called', async (t) => {
  const clock = new ManualClock()
  const log = ephemeralLog(clock)
  const times: number[] = []
  await log.follow('chat:1', {
    onMessage: ({ time }) => times.push(time),
    onRedacted: () => {},
    onHidden: () => {},
    onUserRedacted: () => {},
    onRecounted: () => {},
    onGap: () => {},
  })
  const answer = log.append('chat:1', draft('hello'), PLAIN)
  t.same(times, [clock.now()])
  t.same(answer, { position: null, time: clock.now(), repeated: false })
})

t.test('answers of one millisecond share an object, and those of another do not', async (t) => {
  const clock = new ManualClock()
  const log = ephemeralLog(clock)
  const first = log.append('chat:1', draft('one'), PLAIN)
  t.equal(log.append('chat:2', draft('two'), PLAIN), first)
  await clock.advance(1)
  t.match(log.append('chat:1', draft('three'), PLAIN), { time: clock.now() })
  t.match(first, { time: clock.now() - 1 })
})
