// A browser sees no pings: after silence the page asks the server, and closes only when no answer
// comes.
import { test } from 'tap'
import { ManualClock } from '../../support/manual-clock.ts'
import { pageModule } from './page-modules.ts'
import { settle } from './stand-ins.ts'

const { Liveness } = await pageModule('plain/liveness.js')

type Answer = 'alive' | 'dead' | 'never'

function watch(answer: () => Answer) {
  const clock = new ManualClock()
  const seen = { asked: 0, dead: 0, aborted: 0 }
  const silence = new Liveness({
    clock,
    isAlive(signal) {
      seen.asked += 1
      signal.addEventListener('abort', () => {
        seen.aborted += 1
      })
      const said = answer()
      return said === 'never' ? new Promise(() => {}) : Promise.resolve(said === 'alive')
    },
    onDead() {
      seen.dead += 1
    },
  })
  return { clock, silence, seen }
}

test('it asks after 30 s of silence, and again 30 s after a good answer', async (t) => {
  const { clock, silence, seen } = watch(() => 'alive')
  silence.start()
  await clock.advance(29_999)
  t.equal(seen.asked, 0)
  await clock.advance(1)
  t.equal(seen.asked, 1)
  await clock.advance(29_999)
  t.equal(seen.asked, 1)
  await clock.advance(1)
  t.equal(seen.asked, 2)
  t.equal(seen.dead, 0)
})

test('a frame puts the question off', async (t) => {
  const { clock, silence, seen } = watch(() => 'alive')
  silence.start()
  await clock.advance(20_000)
  silence.heard()
  await clock.advance(29_999)
  t.equal(seen.asked, 0)
  await clock.advance(1)
  t.equal(seen.asked, 1)
})

test('a server that says no is dead at once', async (t) => {
  const { clock, silence, seen } = watch(() => 'dead')
  silence.start()
  await clock.advance(30_000)
  t.equal(seen.dead, 1)
  await clock.advance(120_000)
  t.equal(seen.asked, 1, 'and is not asked again')
  t.equal(clock.timers, 0)
})

test('a server that does not answer in 5 s is dead, and the question is given up', async (t) => {
  const { clock, silence, seen } = watch(() => 'never')
  silence.start()
  await clock.advance(34_999)
  t.same(seen, { asked: 1, dead: 0, aborted: 0 })
  await clock.advance(1)
  t.same(seen, { asked: 1, dead: 1, aborted: 1 })
})

test('a frame while it waits for the answer proves life', async (t) => {
  const { clock, silence, seen } = watch(() => 'never')
  silence.start()
  await clock.advance(31_000)
  silence.heard()
  await clock.advance(10_000)
  t.equal(seen.dead, 0)
})

test('it can be made to ask at once, one question at a time', async (t) => {
  const { clock, silence, seen } = watch(() => 'alive')
  await silence.askNow()
  t.equal(seen.asked, 0, 'not before it is started')
  silence.start()
  silence.askNow()
  await silence.askNow()
  await settle()
  t.equal(seen.asked, 1)
  silence.stop()
  t.equal(clock.timers, 0)
})

test('an answer to a stopped watch changes nothing, not even after a new start', async (t) => {
  const { clock, silence, seen } = watch(() => 'never')
  silence.start()
  await clock.advance(31_000)
  silence.stop()
  silence.start()
  await clock.advance(10_000)
  t.equal(seen.dead, 0)
})
