// How many commands a second a connection may send, and when one that sends more is closed.
import { test } from 'tap'
import { CommandRate } from '../../src/connection/command-rate.ts'
import { ManualClock } from '../support/manual-clock.ts'

const PER_SECOND = 4
const BURST = 32

function scene(commandsPerSecond: number | null = PER_SECOND) {
  const clock = new ManualClock()
  const rate = new CommandRate({ commandsPerSecond }, clock)
  const one = () => (rate.take() ? 'ok' : rate.refuse())
  const many = (count: number) => new Set(Array.from({ length: count }, one))
  return { clock, one, many }
}

/** Sends twice what is allowed, for so long. */
async function flood({ clock, many }: ReturnType<typeof scene>, seconds: number) {
  const verdicts = new Set<string>()
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1_000)
    for (const verdict of many(2 * PER_SECOND)) verdicts.add(verdict)
  }
  return verdicts
}

test('eight seconds of commands may come at once, then as many as the limit says', async (t) => {
  const { clock, one, many } = scene()
  t.same(many(BURST), new Set(['ok']))
  t.equal(one(), 'over')
  await clock.advance(1_000)
  t.same(many(PER_SECOND), new Set(['ok']))
  t.equal(one(), 'over')
})

test('without a limit every command is good', async (t) => {
  t.same(scene(null).many(10_000), new Set(['ok']))
})

test('a connection that is over without a pause for ten seconds is an abuse', async (t) => {
  const { clock, one, many } = scene()
  many(BURST)
  for (let ms = 0; ms < 10_000; ms += 100) {
    t.notOk(many(1).has('abuse'), `${ms} ms`)
    await clock.advance(100)
  }
  t.ok(many(2).has('abuse'))
  await clock.advance(1_000)
  t.same(many(PER_SECOND), new Set(['ok']), 'what is not over is still good')
  t.equal(one(), 'over', 'a second without a refusal ends it')
})

test('a connection that waits a second after a refusal is never an abuse', async (t) => {
  const here = scene()
  here.many(BURST)
  t.same(await flood(here, 60), new Set(['ok', 'over']))
})

test('what came while the process stood still is no burst, nor time of abuse', async (t) => {
  const { clock, one, many } = scene()
  many(BURST)
  clock.stall(20_000)
  t.same(many(20 * PER_SECOND), new Set(['ok']))
  t.equal(one(), 'over')
  for (let stalls = 0; stalls < 14; stalls += 1) {
    clock.stall(900)
    t.notOk(many(2 * PER_SECOND).has('abuse'))
  }
})

test('[C330] two bursts refused without a pause of a second are an abuse', async (t) => {
  const { clock, one, many } = scene()
  many(BURST)
  t.same(many(2 * BURST), new Set(['over']))
  t.equal(one(), 'abuse')
  await clock.advance(1_000)
  many(PER_SECOND)
  t.equal(one(), 'over', 'a second without a refusal ends it')
})
