// Stalls of the process, and rates that do not take what waited meanwhile for a burst.
import fc from 'fast-check'
import { test } from 'tap'
import { Stalls, TICK_MS } from '../../src/time/stalls.ts'
import { TokenBucket } from '../../src/time/token-bucket.ts'

const SEED = { seed: 20_261_126, numRuns: 1_000 }
const RATE = { burst: 50, perSecond: 50 }

test('a stall is known within the late turn, and after it', async (t) => {
  const stalls = new Stalls(0)
  for (let at = TICK_MS; at <= 1_000; at += TICK_MS) stalls.tick(at + (at % 7))
  t.equal(stalls.upTo(1_090), 0, 'ticks that are a little late are none')
  t.ok(Math.abs(stalls.upTo(6_000) - 4_900) < 10, 'before the tick that is late')
  stalls.tick(6_001)
  t.ok(Math.abs(stalls.upTo(6_050) - 4_900) < 10, 'and after it')
})

/** The ways of a process: how long it works, and then stands still, in milliseconds. */
const ways = fc.array(
  fc.record({
    works: fc.integer({ min: 0, max: 3_000 }),
    stands: fc.integer({ min: 0, max: 9_000 }),
  }),
  { minLength: 1, maxLength: 12 },
)

interface Stretch {
  from: number
  to: number
}

function stretchesOf(way: { works: number; stands: number }[]): { end: number; still: Stretch[] } {
  let end = 0
  const still = way.map(({ works, stands }) => {
    const from = end + works
    end = from + stands
    return { from, to: end }
  })
  return { end: end + 1_000, still }
}

/** Runs a process in steps of a millisecond; `arrive` is told of each that it does not miss. */
function run(still: readonly Stretch[], end: number, arrive: (at: number, now: number) => void) {
  const stalls = new Stalls(0)
  const bucket = new TokenBucket(RATE, 0, (elapsed) => stalls.upTo(elapsed))
  let ticksAt = TICK_MS
  let heardUpTo = -1
  return {
    bucket,
    stalls,
    play(): void {
      for (let now = 0; now <= end; now += 1) {
        if (still.some(({ from, to }) => now >= from && now < to)) continue
        for (let at = heardUpTo + 1; at <= now; at += 1) arrive(at, now)
        heardUpTo = now
        if (now < ticksAt) continue
        stalls.tick(now)
        ticksAt = now + TICK_MS
      }
    },
  }
}

test('a sender within its rate is never refused, however the process stands still', async (t) => {
  fc.assert(
    fc.property(ways, fc.integer({ min: 20, max: 2_000 }), (way, everyMs) => {
      const { end, still } = stretchesOf(way)
      let refused = 0
      const process = run(still, end, (at, now) => {
        if (at % everyMs === 0 && !process.bucket.take(1, now)) refused += 1
      })
      process.play()
      return refused === 0
    }),
    { ...SEED, numRuns: 60 },
  )
  t.pass('for every pattern of stalls')
})

test('a sender that floods gains nothing beyond what the stalls had room for', async (t) => {
  fc.assert(
    fc.property(ways, (way) => {
      const { end, still } = stretchesOf(way)
      let taken = 0
      const process = run(still, end, (_, now) => {
        while (process.bucket.take(1, now)) taken += 1
      })
      process.play()
      return taken <= RATE.burst + (end / 1_000) * RATE.perSecond + 1
    }),
    { ...SEED, numRuns: 60 },
  )
  t.pass('for every pattern of stalls')
})

test('what a stall gave is lost again by a sender that does not use it', async (t) => {
  let stalled = 0
  const bucket = new TokenBucket(RATE, 0, () => stalled)
  stalled = 4_000
  t.ok(bucket.has(1, 4_000))
  const count = (elapsed: number): number => {
    let taken = 0
    while (bucket.take(1, elapsed)) taken += 1
    return taken
  }
  t.equal(count(4_000), 250, 'four seconds, and a burst')
  stalled = 8_000
  t.ok(bucket.has(1, 8_000))
  t.equal(count(20_000), 50, 'twelve seconds later it is a burst again')
})
