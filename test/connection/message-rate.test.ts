// How many messages and bytes per second one connection and one user may publish.
import { test } from 'tap'
import { messageRate } from '../../src/connection/message-rate.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const RATES = { messagesPerSecond: 3, bytesPerSecond: 100 }

test('[C72] a burst of messages at once, and one more as time goes by', async (t) => {
  const rate = messageRate({ messagesPerSecond: 2, bytesPerSecond: null }, new ManualClock())
  t.same(
    [rate.take(1, 0), rate.take(1, 0), rate.take(1, 0)],
    [null, null, 'messagesPerSecond'],
    'two at once',
  )
  t.equal(rate.take(1, 499), 'messagesPerSecond')
  t.equal(rate.take(1, 999), null)
})

test('[C72] a burst of bytes at once, whatever the number of messages', async (t) => {
  const rate = messageRate({ messagesPerSecond: null, bytesPerSecond: 100 }, new ManualClock())
  t.equal(rate.take(100, 0), null)
  t.equal(rate.take(1, 0), 'bytesPerSecond')
  t.equal(rate.take(50, 500), null)
  t.equal(rate.take(1, 500), 'bytesPerSecond')
})

test('[C72] an empty message counts as a message', async (t) => {
  const rate = messageRate({ messagesPerSecond: 1, bytesPerSecond: 100 }, new ManualClock())
  t.equal(rate.take(0, 0), null)
  t.equal(rate.take(0, 0), 'messagesPerSecond')
})

test('no bound at all is null', async (t) => {
  const rate = messageRate({ messagesPerSecond: null, bytesPerSecond: null }, new ManualClock())
  const taken = Array.from({ length: 1_000 }, () => rate.take(1_000_000, 0))
  t.same(new Set(taken), new Set([null]))
  t.equal(rate.isFull(0), true)
})

test('[C72] a user has one rate, whichever connection or request takes from it', async (t) => {
  const shares = sharesWithin(RATES)
  const connection = shares.meter('messages', 'u_1').keep()
  t.equal(shares.meter('messages', 'u_1').keep(), connection)
  t.not(shares.meter('messages', 'u_2'), connection)
  t.equal(connection.take(60, 0), null)
  const request = { user: 'u_1', address: null, server: null }
  t.match(shares.spend('messages', request, 41), { limit: 'bytesPerSecond', retryAfter: 1 })
  t.equal(shares.spend('messages', request, 40), null)
  t.equal(connection.take(0, 0), null)
  t.equal(connection.take(0, 0), 'messagesPerSecond', 'a refused message did not count')
})

test('rates that are kept or not yet full again stay, the others are forgotten', async (t) => {
  const shares = sharesWithin(RATES)
  const kept = shares.meter('messages', 'kept').keep()
  shares.meter('messages', 'used').take(100, 0)
  shares.meter('messages', 'asked')
  shares.sweep(0)
  t.equal(shares.holders('messages'), 2)
  shares.sweep(1_000)
  t.equal(shares.holders('messages'), 1, 'full again')
  kept.release()
  shares.sweep(1_000)
  t.equal(shares.holders('messages'), 0)
})

test('a user that comes back before the rate is full again has no new one', async (t) => {
  const shares = sharesWithin(RATES)
  const kept = shares.meter('messages', 'u_1').keep()
  kept.take(100, 0)
  kept.release()
  shares.sweep(0)
  t.equal(shares.meter('messages', 'u_1').take(1, 0), 'bytesPerSecond')
})
