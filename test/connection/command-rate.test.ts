// How many commands a second a connection may send, and when one that sends more is closed.
import { test } from 'tap'
import { CommandRate, type CommandVerdict } from '../../src/connection/command-rate.ts'
import { ManualClock } from '../support/manual-clock.ts'

const PER_SECOND = 4
const BURST = 32

function scene(commandsPerSecond: number | null = PER_SECOND) {
  const clock = new ManualClock()
  const rate = new CommandRate({ commandsPerSecond }, clock)
  const many = (count: number): Set<CommandVerdict> =>
    new Set(Array.from({ length: count }, () => rate.take()))
  return { clock, rate, many }
}

/** Sends twice what is allowed, for so long. */
async function flood({ clock, many }: ReturnType<typeof scene>, seconds: number) {
  const verdicts = new Set<CommandVerdict>()
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1_000)
    for (const verdict of many(2 * PER_SECOND)) verdicts.add(verdict)
  }
  return verdicts
}

test('eight seconds of commands may come at once, then as many as the limit says', async (t) => {
  const { clock, rate, many } = scene()
  t.same(many(BURST), new Set(['ok']))
  t.equal(rate.take(), 'over')
  await clock.advance(1_000)
  t.same(many(PER_SECOND), new Set(['ok']))
  t.equal(rate.take(), 'over')
})

test('without a limit every command is good', async (t) => {
  t.same(scene(null).many(10_000), new Set(['ok']))
})

test('a connection that is over without a pause for ten seconds is an abuse', async (t) => {
  const { clock, rate, many } = scene()
  many(BURST)
  for (let ms = 0; ms < 10_000; ms += 100) {
    t.notOk(many(5).has('abuse'), `${ms} ms`)
    await clock.advance(100)
  }
  t.ok(many(5).has('abuse'))
  await clock.advance(1_000)
  t.same(many(PER_SECOND), new Set(['ok']), 'what is not over is still good')
  t.equal(rate.take(), 'over', 'a second without a refusal ends it')
})

test('a connection that waits a second after a refusal is never an abuse', async (t) => {
  const here = scene()
  here.many(BURST)
  t.same(await flood(here, 60), new Set(['ok', 'over']))
})

test('what came while the process stood still is no burst, nor time of abuse', async (t) => {
  const { clock, rate, many } = scene()
  many(BURST)
  clock.stall(20_000)
  t.same(many(20 * PER_SECOND), new Set(['ok']))
  t.equal(rate.take(), 'over')
  for (let stalls = 0; stalls < 20; stalls += 1) {
    clock.stall(900)
    t.notOk(many(2 * PER_SECOND).has('abuse'))
  }
})
