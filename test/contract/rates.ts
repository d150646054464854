// The contract of rates: what may be spent at once, and what comes back.
import type { Test } from 'tap'
import { type Holder, NO_HOLDER } from '../../src/engine/shares.ts'
import { ratedRow } from '../support/memory-shares.ts'
import { ANN, BACKEND, BOB, from, type OpenShares } from './support/shares.ts'

export function rateContract(t: Test, open: OpenShares): void {
  t.test('a burst at once, and then the seconds to wait', async (t) => {
    const { shares } = await open(t, {
      handshakes: ratedRow('handshakesPerSecond', { all: 2 }, 20),
    })
    for (let spent = 0; spent < 2; spent += 1) {
      t.equal(shares[0].spend('handshakes', NO_HOLDER), null)
    }
    const reached = shares[0].spend('handshakes', NO_HOLDER)
    t.match(reached, { limit: 'handshakesPerSecond', whose: 'all', retryAfter: 10 })
  })

  t.test('[S43] a rate that one user or address exceeds is taken from no other', async (t) => {
    const row = ratedRow('handshakesPerSecond', { all: 12, user: 2, address: 2 }, 3_600)
    const { shares } = await open(t, { handshakes: row })
    const spend = (holder: Holder) => shares[0].spend('handshakes', holder)
    const whose = (holder: Holder) => [1, 2, 3, 4].map(() => spend(holder)?.whose ?? null)
    t.same(whose(ANN), [null, null, 'user', 'user'])
    t.same(whose(from('192.0.2.1')), [null, null, 'address', 'address'])
    t.same(whose(BOB), [null, null, 'user', 'user'])
    t.same(whose(from('2001:db8:1:a::/64')), [null, null, 'address', 'address'])
    t.same(whose(NO_HOLDER), [null, null, null, null], 'refusals have used up nothing')
    t.equal(spend(NO_HOLDER)?.whose, 'all')
  })

  t.test('[S43] the /64s of one /48 have four times the rate of one', async (t) => {
    const row = ratedRow('handshakesPerSecond', { all: 99, address: 1 }, 3_600)
    const { shares } = await open(t, { handshakes: row })
    const reached = [1, 2, 3, 4, 5, 6].map((net) =>
      shares[0].spend('handshakes', from(`2001:db8:1:${net}::/64`)),
    )
    t.same(reached.map((each) => each?.whose ?? null).slice(3), [null, 'address', 'address'])
    t.equal(shares[0].spend('handshakes', from('2001:db8:2:1::/64')), null)
  })

  t.test('server keys have a reserve of a rate too', async (t) => {
    const row = ratedRow('handshakesPerSecond', { all: 3, reserve: 1 / 3 }, 3_600)
    const { shares } = await open(t, { handshakes: row })
    const spend = (holder: Holder) => shares[0].spend('handshakes', holder)
    t.same([spend(ANN), spend(ANN)], [null, null])
    t.match(spend(ANN), { whose: 'all' })
    t.equal(spend(BACKEND), null)
    t.match(spend(BACKEND), { whose: 'all' })
  })

  t.test('bytes that were used already are waited for', async (t) => {
    const row = ratedRow('readBytesPerSecondPerUser', { user: 100, of: 'bytes' })
    const { shares } = await open(t, { reads: row })
    t.equal(shares[0].spend('reads', ANN, 0), null)
    shares[0].charge('reads', ANN, 350)
    t.match(shares[0].spend('reads', ANN, 0), { whose: 'user', retryAfter: 3 })
    t.equal(shares[0].spend('reads', BOB, 0), null)
  })

  t.test(
    '[S43] what is given back may be spent again, and still counts for its address',
    async (t) => {
      const row = ratedRow('handshakesPerSecond', { all: 2, address: 1 }, 3_600)
      const { shares } = await open(t, { handshakes: row })
      t.equal(shares[0].spend('handshakes', from('192.0.2.1')), null)
      shares[0].restore('handshakes')
      t.match(shares[0].spend('handshakes', from('192.0.2.1')), { whose: 'address' })
      for (const last of [2, 3])
        t.equal(shares[0].spend('handshakes', from(`192.0.2.${last}`)), null)
      t.match(shares[0].spend('handshakes', from('192.0.2.4')), { whose: 'all' })
    },
  )

  t.test('a meter that is kept is the one that requests spend from', async (t) => {
    const row = ratedRow('messagesPerSecond', { user: 3 }, 3_600)
    const { shares, elapsed } = await open(t, { messages: row })
    const meter = shares[0].meter('messages', 'u_ann').keep()
    t.equal(meter.take(1, elapsed()), null)
    t.equal(shares[0].spend('messages', ANN, 1), null)
    t.equal(meter.take(1, elapsed()), null)
    t.equal(meter.take(1, elapsed()), 'messagesPerSecond')
    t.equal(shares[0].spend('messages', BOB, 1), null)
  })
}
