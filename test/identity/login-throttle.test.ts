// Wrong passwords make the next try wait: an address is told so, and tries for an account are
// delayed.
import { type Test, test } from 'tap'
import { MemoryAttempts } from '../../src/engine/memory/attempts.ts'
import { LoginThrottle } from '../../src/identity/login-throttle.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const QUARTER_MS = 15 * 60_000

function fail(
  throttle: LoginThrottle,
  times: number,
  address = 'a',
  account: string | null = null,
) {
  for (let n = 0; n < times; n += 1) throttle.failed(address, account)
}

/** The seconds that an address is told to wait, or 0. */
async function waitOf(throttle: LoginThrottle, address: string): Promise<number> {
  try {
    await throttle.attempt(address, async () => undefined)
    return 0
  } catch (error) {
    return error instanceof Refusal ? (error.retryAfter ?? -1) : -1
  }
}

/** For how many milliseconds a try for this account is delayed. */
async function delayMs(
  clock: ManualClock,
  throttle: LoginThrottle,
  account: string,
  address = 'somewhere',
): Promise<number> {
  const start = clock.elapsed()
  let end = -1
  throttle.hold(account, address).then(() => {
    end = clock.elapsed()
  })
  await new Promise(setImmediate)
  for (let steps = 0; end < 0 && steps < 100; steps += 1) await clock.advance(50)
  return end - start
}

function started(_t: Test) {
  const clock = new ManualClock()
  const parts = { clock, attempts: new MemoryAttempts(clock), shares: sharesWithin({}) }
  return { clock, throttle: new LoginThrottle(parts) }
}

test('[C13] [S24] ten failures of an address cost nothing, the next ones ever more', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 10)
  t.equal(await waitOf(throttle, 'a'), 0)
  const waits: number[] = []
  for (let n = 0; n < 9; n += 1) {
    fail(throttle, 1)
    waits.push(await waitOf(throttle, 'a'))
    await clock.advance(60_000)
  }
  t.same(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('[C13] an address that waited as long as it was told may try again', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 13)
  t.equal(await waitOf(throttle, 'a'), 4)
  await clock.advance(3_999)
  t.equal(await waitOf(throttle, 'a'), 1)
  await clock.advance(1)
  t.equal(await waitOf(throttle, 'a'), 0)
})

test('[C13] the failures of one address never make another one wait', async (t) => {
  const { throttle } = started(t)
  fail(throttle, 100, 'a')
  t.equal(await waitOf(throttle, 'b'), 0)
})

test('[C13] five failures of an account are free, then its tries wait longer', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 5, 'a', 'ann')
  t.equal(await delayMs(clock, throttle, 'ann'), 0)
  const held: number[] = []
  for (let n = 0; n < 7; n += 1) {
    fail(throttle, 1, 'a', 'ann')
    held.push(await delayMs(clock, throttle, 'ann'))
  }
  t.same(held, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000])
})

test('[C13] an account is never shut out, however often it was guessed at', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 10_000, 'a', 'ann')
  t.equal(await delayMs(clock, throttle, 'ann'), 4_000)
})

test('[C13] guesses at one account never delay another', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 100, 'a', 'ann')
  t.equal(await delayMs(clock, throttle, 'bob'), 0)
})

test('[C13] [S24] one address has twenty tries under way, failed ones included', async (t) => {
  const { throttle } = started(t)
  const outcomes = new Map<unknown, number>()
  const decided = Promise.withResolvers<void>()
  const guess = (): Promise<void> =>
    throttle.attempt('a', async () => {
      await decided.promise
      throttle.failed('a', null)
    })
  const count = (outcome: unknown) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  const flood = Array.from({ length: 190 }, () =>
    guess().then(
      () => count('judged'),
      ({ reply }) => count(reply.status),
    ),
  )
  t.equal(await waitOf(throttle, 'b'), 0, 'no other address waits')
  decided.resolve()
  await Promise.all(flood)
  t.same([...outcomes].sort(), [
    [429, 170],
    ['judged', 20],
  ])
  t.equal(await waitOf(throttle, 'a'), 60)
})

test('[C13] an address that failed often tries one at a time', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 25)
  await clock.advance(60_000)
  const decided = Promise.withResolvers<void>()
  const first = throttle.attempt('a', () => decided.promise)
  t.equal(await waitOf(throttle, 'a'), 1)
  decided.resolve()
  await first
  t.equal(await waitOf(throttle, 'a'), 0)
})

test('[C13] a try that throws gives its place back', async (t) => {
  const { throttle } = started(t)
  for (let n = 0; n < 100; n += 1) {
    const thrown = throttle.attempt('a', () => Promise.reject(new Error('wrong')))
    await t.rejects(thrown, { message: 'wrong' })
  }
})

test('[C13] one address cannot take the places in which owners wait', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 6, 'x', 'ann')
  const flood = Array.from({ length: 600 }, () =>
    throttle.attempt('flooder', () => throttle.hold('ann', 'flooder')),
  )
  const refused = Promise.allSettled(flood.slice(20))
  t.equal((await refused).filter(({ status }) => status === 'rejected').length, 580)
  t.equal(await delayMs(clock, throttle, 'ann'), 250, 'the owner waits and is let through')
  await Promise.all(flood.slice(0, 20))
})

test('[C13] a log-in of the owner clears the account, not the address', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 12, 'a', 'ann')
  throttle.succeeded('a', 'ann')
  t.equal(await delayMs(clock, throttle, 'ann'), 0)
  t.not(await waitOf(throttle, 'a'), 0)
})

test('[C13] an account is not delayed at the address of its last log-in', async (t) => {
  const { clock, throttle } = started(t)
  throttle.succeeded('home', 'ann')
  fail(throttle, 100, 'a', 'ann')
  const crowd = Array.from({ length: 950 }, (_, n) => throttle.hold('ann', `guesser ${n}`))
  const refused = crowd.slice(0, 50).map((attempt) => attempt.catch(({ reply }) => reply.status))
  t.same(await Promise.all(refused), Array(50).fill(429), 'they have made room for others')
  t.equal(await delayMs(clock, throttle, 'ann', 'home'), 0)
  await clock.advance(4_000)
  t.equal(await delayMs(clock, throttle, 'ann', 'elsewhere'), 4_000)
  throttle.succeeded('elsewhere', 'ann')
  fail(throttle, 100, 'a', 'ann')
  t.equal(await delayMs(clock, throttle, 'ann', 'home'), 4_000, 'one address is remembered')
})

test('[C13] failures are forgotten after a quiet quarter of an hour', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 12, 'a', 'ann')
  await clock.advance(QUARTER_MS - 1)
  fail(throttle, 1, 'a', 'ann')
  t.not(await waitOf(throttle, 'a'), 0, 'not before')
  await clock.advance(QUARTER_MS)
  t.equal(await waitOf(throttle, 'a'), 0)
  fail(throttle, 1, 'a', 'ann')
  t.equal(await waitOf(throttle, 'a'), 0, 'counted from one again')
  t.equal(await delayMs(clock, throttle, 'ann'), 0)
})

test('[S43] the /64s of one /48 have four times the failures of an address', async (t) => {
  const { throttle } = started(t)
  const address = (n: number) => `2001:db8:1:${n.toString(16)}::/64`
  for (let n = 0; n < 41; n += 1) fail(throttle, 1, address(n))
  t.equal(await waitOf(throttle, address(0xff)), 1)
  t.equal(await waitOf(throttle, '2001:db8:2:1::/64'), 0, 'another site does not wait')
})

test('[S43] where too many tries are held, the address that holds most makes room', async (t) => {
  const { clock, throttle } = started(t)
  fail(throttle, 100, 'x', 'ann')
  const flood = Array.from({ length: 9 }, (_, n) =>
    Array.from({ length: 100 }, () =>
      throttle.hold('ann', `flooder ${n}`).then(
        () => 200,
        ({ reply }) => reply.status,
      ),
    ),
  ).flat()
  await new Promise(setImmediate)
  t.equal(clock.timers, 900)
  const owner = throttle.hold('ann', 'owner')
  await new Promise(setImmediate)
  t.equal(clock.timers, 900, 'one that had to make room leaves no timer')
  await clock.advance(4_000)
  await owner
  const statuses = await Promise.all(flood)
  t.equal(statuses.filter((status) => status === 429).length, 1)
})
