// How fast one connection and one user may talk.
import { test } from 'tap'
import { Budget, UserBudgets } from '../../src/connection/message-rate.ts'

const RATES = { messagesPerSecond: 3, bytesPerSecond: 100 }

test('[C72] so many messages at once, and one more as time goes by', async (t) => {
  const budget = new Budget({ messagesPerSecond: 2, bytesPerSecond: null }, 0)
  t.same(
    [budget.take(1, 0), budget.take(1, 0), budget.take(1, 0)],
    [null, null, 'messagesPerSecond'],
    'two at once',
  )
  t.equal(budget.take(1, 499), 'messagesPerSecond')
  t.equal(budget.take(1, 999), null)
})

test('[C72] so many bytes at once, whatever the number of messages', async (t) => {
  const budget = new Budget({ messagesPerSecond: null, bytesPerSecond: 100 }, 0)
  t.equal(budget.take(100, 0), null)
  t.equal(budget.take(1, 0), 'bytesPerSecond')
  t.equal(budget.take(50, 500), null)
  t.equal(budget.take(1, 500), 'bytesPerSecond')
})

test('[C72] an empty message counts as a message', async (t) => {
  const budget = new Budget({ messagesPerSecond: 1, bytesPerSecond: 100 }, 0)
  t.equal(budget.take(0, 0), null)
  t.equal(budget.take(0, 0), 'messagesPerSecond')
})

test('no bound at all is null', async (t) => {
  const budget = new Budget({ messagesPerSecond: null, bytesPerSecond: null }, 0)
  const taken = Array.from({ length: 1_000 }, () => budget.take(1_000_000, 0))
  t.same(new Set(taken), new Set([null]))
  t.equal(budget.isFull(0), true)
})

test('[C72] a user has one budget, whoever takes from it', async (t) => {
  const budgets = new UserBudgets(RATES)
  const connection = budgets.hold('u_1', 0)
  t.equal(budgets.of('u_1', 0), connection)
  t.equal(budgets.hold('u_1', 0), connection)
  t.not(budgets.of('u_2', 0), connection)
})

test('budgets that are held or not yet full again are kept, the others forgotten', async (t) => {
  const budgets = new UserBudgets(RATES)
  budgets.hold('held', 0)
  budgets.of('used', 0).take(100, 0)
  budgets.of('asked', 0)
  budgets.sweep(0)
  t.equal(budgets.size, 2)
  budgets.sweep(1_000)
  t.equal(budgets.size, 1, 'full again')
  budgets.release('held')
  budgets.sweep(1_000)
  t.equal(budgets.size, 0)
})

test('who comes back before its budget is full again has no new one', async (t) => {
  const budgets = new UserBudgets(RATES)
  budgets.hold('u_1', 0).take(100, 0)
  budgets.release('u_1')
  budgets.sweep(0)
  t.equal(budgets.hold('u_1', 0).take(1, 0), 'bytesPerSecond')
})
