// When sweeps run, and that they pause between slices.
import t from 'tap'
import { sweepExpired } from '../../../src/engine/sqlite/expiry-job.ts'
import { ManualClock } from '../../support/manual-clock.ts'

t.test('each minute is swept with the time that it is then', async (t) => {
  const clock = new ManualClock()
  const times: number[] = []
  const start = clock.now()
  sweepExpired(clock, [
    async ({ now }) => {
      times.push(now - start)
      return 0
    },
  ])
  await clock.advance(180_000)
  t.same(times, [60_000, 120_000, 180_000])
})

t.test('full slices are followed by another, a smaller one ends it', async (t) => {
  const clock = new ManualClock()
  let left = 2_500
  const deleted: number[] = []
  sweepExpired(clock, [
    async ({ limit }) => {
      deleted.push(Math.min(left, limit))
      left -= Math.min(left, limit)
      return deleted.at(-1) ?? 0
    },
  ])
  await clock.advance(60_000)
  t.same(deleted, [1_000, 1_000, 500])
})

t.test('a sweep that takes longer than a minute is not joined by a second', async (t) => {
  const clock = new ManualClock()
  let started = 0
  const slow = Promise.withResolvers<number>()
  sweepExpired(clock, [
    () => {
      started += 1
      return slow.promise
    },
  ])
  await clock.advance(120_000)
  t.equal(started, 1)
  slow.resolve(0)
  await new Promise(setImmediate)
  await clock.advance(60_000)
  t.equal(started, 2)
})

t.test('a sweep that failed is tried again', async (t) => {
  const clock = new ManualClock()
  let tries = 0
  sweepExpired(clock, [
    async () => {
      tries += 1
      throw new Error('not now')
    },
  ])
  await clock.advance(120_000)
  t.equal(tries, 2)
})

t.test('stopping ends it, between two slices as well', async (t) => {
  const clock = new ManualClock()
  let slices = 0
  const stop = sweepExpired(clock, [
    async ({ limit }) => {
      slices += 1
      stop()
      return limit
    },
  ])
  await clock.advance(180_000)
  t.equal(slices, 1)
})
