// How fast one connection and one user may talk.
import { test } from 'tap'
import { MessageRate, UserRates } from '../../src/connection/message-rate.ts'

const RATES = { messagesPerSecond: 3, bytesPerSecond: 100 }

test('[C72] so many messages at once, and one more as time goes by', async (t) => {
  const messageRate = new MessageRate({ messagesPerSecond: 2, bytesPerSecond: null }, 0)
  t.same(
    [messageRate.take(1, 0), messageRate.take(1, 0), messageRate.take(1, 0)],
    [null, null, 'messagesPerSecond'],
    'two at once',
  )
  t.equal(messageRate.take(1, 499), 'messagesPerSecond')
  t.equal(messageRate.take(1, 999), null)
})

test('[C72] so many bytes at once, whatever the number of messages', async (t) => {
  const messageRate = new MessageRate({ messagesPerSecond: null, bytesPerSecond: 100 }, 0)
  t.equal(messageRate.take(100, 0), null)
  t.equal(messageRate.take(1, 0), 'bytesPerSecond')
  t.equal(messageRate.take(50, 500), null)
  t.equal(messageRate.take(1, 500), 'bytesPerSecond')
})

test('[C72] an empty message counts as a message', async (t) => {
  const messageRate = new MessageRate({ messagesPerSecond: 1, bytesPerSecond: 100 }, 0)
  t.equal(messageRate.take(0, 0), null)
  t.equal(messageRate.take(0, 0), 'messagesPerSecond')
})

test('no bound at all is null', async (t) => {
  const messageRate = new MessageRate({ messagesPerSecond: null, bytesPerSecond: null }, 0)
  const taken = Array.from({ length: 1_000 }, () => messageRate.take(1_000_000, 0))
  t.same(new Set(taken), new Set([null]))
  t.equal(messageRate.isFull(0), true)
})

test('[C72] a user has one rate, whichever connection takes from it', async (t) => {
  const userRates = new UserRates(RATES)
  const connection = userRates.hold('u_1', 0)
  t.equal(userRates.of('u_1', 0), connection)
  t.equal(userRates.hold('u_1', 0), connection)
  t.not(userRates.of('u_2', 0), connection)
})

test('budgets that are held or not yet full again are kept, the others forgotten', async (t) => {
  const userRates = new UserRates(RATES)
  userRates.hold('held', 0)
  userRates.of('used', 0).take(100, 0)
  userRates.of('asked', 0)
  userRates.sweep(0)
  t.equal(userRates.size, 2)
  userRates.sweep(1_000)
  t.equal(userRates.size, 1, 'full again')
  userRates.release('held')
  userRates.sweep(1_000)
  t.equal(userRates.size, 0)
})

test('a user that returns before its rate is full again has no new one', async (t) => {
  const userRates = new UserRates(RATES)
  userRates.hold('u_1', 0).take(100, 0)
  userRates.release('u_1')
  userRates.sweep(0)
  t.equal(userRates.hold('u_1', 0).take(1, 0), 'bytesPerSecond')
})
