// Token buckets: what may be taken at once, and what time gives back.
import fc from 'fast-check'
import { test } from 'tap'
import { TokenBucket, TokenBuckets } from '../../src/time/token-bucket.ts'

const rate = { burst: 10, perSecond: 2 }

test('a burst may be taken at once, and nothing beyond it', async (t) => {
  const bucket = new TokenBucket(rate, 0)
  const taken = Array.from({ length: 12 }, () => bucket.take(1, 0))
  t.equal(taken.filter(Boolean).length, 10)
})

test('time gives back what the rate says, and never more than a burst', async (t) => {
  const bucket = new TokenBucket(rate, 0)
  bucket.take(10, 0)
  t.notOk(bucket.take(1, 499))
  t.ok(bucket.take(1, 500))
  t.notOk(bucket.take(11, 5_499), 'more than a burst is only given when full')
  t.ok(bucket.take(10, 60_000))
  t.notOk(bucket.take(1, 60_000))
})

test('a refusal takes nothing', async (t) => {
  const bucket = new TokenBucket(rate, 0)
  bucket.take(8, 0)
  t.notOk(bucket.take(3, 0))
  t.ok(bucket.take(2, 0))
})

test('more than a burst is given to a full bucket and paid back first', async (t) => {
  const bucket = new TokenBucket(rate, 0)
  t.ok(bucket.take(14, 0))
  t.notOk(bucket.take(1, 2_000))
  t.ok(bucket.take(1, 2_500))
})

test('after the wait that was told the request is granted', async (t) => {
  const anyRate = fc.record({ burst: fc.integer({ min: 1, max: 500 }), per: fc.nat(600) })
  const anyUse = fc.array(fc.record({ amount: fc.nat(20), ms: fc.nat(5_000) }), { maxLength: 30 })
  fc.assert(
    fc.property(anyRate, anyUse, ({ burst, per }, uses) => {
      const bucket = new TokenBucket({ burst, perSecond: (per + 1) / 60 }, 0)
      let elapsed = 0
      for (const { amount, ms } of uses) {
        elapsed += ms
        bucket.take(amount, elapsed)
      }
      if (bucket.take(1, elapsed)) return true
      return bucket.take(1, elapsed + bucket.waitSeconds(1) * 1_000)
    }),
  )
  t.pass('for any rate and use')
})

test('of any use in any time no more is given than a burst and the rate allow', async (t) => {
  const uses = fc.array(fc.record({ amount: fc.integer({ min: 1, max: 10 }), ms: fc.nat(3_000) }))
  fc.assert(
    fc.property(uses, (all) => {
      const bucket = new TokenBucket(rate, 0)
      let [elapsed, given] = [0, 0]
      for (const { amount, ms } of all) {
        elapsed += ms
        if (bucket.take(amount, elapsed)) given += amount
      }
      return given <= rate.burst + (elapsed / 1_000) * rate.perSecond + 1e-6
    }),
  )
  t.pass('for any use')
})

test('each key has a bucket of its own', async (t) => {
  const buckets = new TokenBuckets({ burst: 1, perSecond: 1 })
  t.ok(buckets.of('ann', 0).take(1, 0))
  t.notOk(buckets.of('ann', 0).take(1, 0))
  t.ok(buckets.of('bob', 0).take(1, 0))
})

test('buckets that are full again are forgotten, others are not', async (t) => {
  const buckets = new TokenBuckets({ burst: 10, perSecond: 0.1 })
  buckets.of('quiet', 0).take(1, 0)
  buckets.of('busy', 0).take(10, 0)
  t.equal(buckets.size, 2)
  buckets.of('new', 60_000)
  t.equal(buckets.size, 2)
  t.notOk(buckets.of('busy', 60_000).take(7, 60_000), 'its use is still known')
})
