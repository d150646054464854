// Which of many like events are told.
import { test } from 'tap'
import { Throttle } from '../../src/time/throttle.ts'

const RATES = { perKey: { burst: 3, perSecond: 1 }, all: { burst: 7, perSecond: 2 }, keysMax: 4 }

function taken(throttle: Throttle, keys: readonly string[], elapsed: number): number {
  return keys.filter((key) => throttle.take(key, elapsed)).length
}

test('each key is told some at once and some a second, and all keys together', async (t) => {
  const throttle = new Throttle(RATES, 0)
  t.equal(taken(throttle, Array(9).fill('a'), 0), 3)
  t.equal(taken(throttle, Array(9).fill('b'), 0), 3)
  t.equal(taken(throttle, Array(9).fill('c'), 0), 1, 'seven in all')
  t.equal(taken(throttle, Array(9).fill('a'), 1_000), 1)
  t.equal(taken(throttle, Array(9).fill('c'), 1_000), 1, 'two a second in all')
  t.equal(taken(throttle, Array(9).fill('b'), 1_000), 0)
})

test('an event that is not told for all keys costs its key nothing', async (t) => {
  const throttle = new Throttle({ ...RATES, all: { burst: 1, perSecond: 1 } }, 0)
  t.equal(taken(throttle, ['a', 'b', 'b', 'b', 'b'], 0), 1)
  t.equal(taken(throttle, ['b'], 1_000), 1)
})

test('with too many keys new ones share one allowance', async (t) => {
  const throttle = new Throttle({ ...RATES, all: { burst: 1_000, perSecond: 1 } }, 0)
  const keys = Array.from({ length: 100 }, (_, number) => `key ${number}`)
  t.equal(taken(throttle, keys, 0), 4 + 3)
})
