// Seats of connections are counted, bounded, and given back exactly once.
import { test } from 'tap'
import { ConnectionLimits } from '../../src/connection/connection-limits.ts'
import type { Limits } from '../../src/protocol/limits.ts'
import { sharesWithin } from '../support/memory-shares.ts'
import { UNLIMITED } from '../support/settings.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'

const FULL = { name: 'Refusal', reply: { error: 'unavailable' }, retryAfter: 5 }
const OFTEN = { name: 'Refusal', reply: { error: 'too_many_requests' }, retryAfter: 5 }

function connectionLimits(limits: Partial<Limits>): ConnectionLimits {
  return new ConnectionLimits(sharesWithin(limits))
}

test('[C70] a full server says 503, and has a seat again when one is given back', async (t) => {
  const limits = connectionLimits({ connections: 2 })
  const [first] = [limits.take(A, 0), limits.take(B, 0)]
  t.throws(() => limits.take(A, 0), FULL)
  t.equal(limits.taken, 2)
  first?.release()
  t.doesNotThrow(() => limits.take(A, 0))
})

test('[C70] an address with too many is told 429 and others are not disturbed', async (t) => {
  const limits = connectionLimits({ connectionsPerAddress: 1 })
  const first = limits.take(A, 0)
  t.throws(() => limits.take(A, 0), OFTEN)
  t.doesNotThrow(() => limits.take(B, 0))
  t.equal(limits.taken, 2, 'a refusal takes nothing')
  first.release()
  t.doesNotThrow(() => limits.take(A, 0))
})

test('[C70] a user with too many is told 429, from whatever address', async (t) => {
  const limits = connectionLimits({ connectionsPerUser: 1 })
  const first = limits.take(A, 0)
  first.assign('u_1')
  const second = limits.take(B, 0)
  t.throws(() => second.assign('u_1'), OFTEN)
  t.doesNotThrow(() => limits.take(B, 0).assign('u_2'))
  second.release()
  first.release()
  t.doesNotThrow(() => limits.take(A, 0).assign('u_1'))
})

test('a connection without a user id counts for no user', async (t) => {
  const limits = connectionLimits({ connectionsPerUser: 1 })
  for (let i = 0; i < 3; i += 1) t.doesNotThrow(() => limits.take(A, 0).assign(null))
})

test('[C132] [S5] the undecided are bounded in all and per address', async (t) => {
  const limits = connectionLimits({ pendingConnections: 2, pendingPerAddress: 1 })
  const first = limits.take(A, 0)
  first.markPending()
  const second = limits.take(A, 0)
  t.throws(() => second.markPending(), OFTEN)
  const other = limits.take(B, 0)
  other.markPending()
  const closed: string[] = []
  other.whenDisplaced(({ limit }) => closed.push(`other: ${limit}`))
  limits.take('192.0.2.3', 0).markPending()
  first.whenDisplaced(({ limit }) => closed.push(`first: ${limit}`))
  t.same(closed, ['first: pendingConnections'], 'told also when it was displaced before')
  other.keepPending()
  const third = limits.take('192.0.2.4', 0)
  third.markPending()
  third.keepPending()
  t.throws(() => limits.take('192.0.2.5', 0).markPending(), FULL, 'all are being looked at')
})

test('one that was decided makes room by itself', async (t) => {
  const limits = connectionLimits({ pendingPerAddress: 1 })
  const first = limits.take(A, 0)
  first.markPending()
  const second = limits.take(A, 0)
  t.throws(() => second.markPending(), OFTEN)
  first.assign('u_1')
  t.throws(() => second.markPending(), OFTEN, 'its ticket may be used already')
  first.decide()
  t.doesNotThrow(() => second.markPending(), 'the first has decided')
})

test('an undecided one that is over its user bound stays undecided until released', async (t) => {
  const limits = connectionLimits({ connectionsPerUser: 1, pendingPerAddress: 1 })
  limits.take(A, 0).assign('u_1')
  const late = limits.take(A, 0)
  late.markPending()
  t.throws(() => late.assign('u_1'), OFTEN)
  const next = limits.take(A, 0)
  t.throws(() => next.markPending(), OFTEN)
  late.release()
  t.doesNotThrow(() => next.markPending())
})

test('everything comes back to zero, however often it is released', async (t) => {
  const limits = connectionLimits({})
  const taken = Array.from({ length: 30 }, (_, i) => {
    const seat = limits.take(i % 2 === 0 ? A : B, 0)
    if (i % 3 === 0) seat.markPending()
    if (i % 2 === 0) seat.assign(`u_${i % 4}`)
    return seat
  })
  t.equal(limits.taken, 30)
  t.not(limits.keys, 0)
  for (const seat of [...taken, ...taken]) seat.release()
  t.equal(limits.taken, 0)
  t.equal(limits.keys, 0)
})

test('a released seat is not assigned any more', async (t) => {
  const limits = connectionLimits({})
  const seat = limits.take(A, 0)
  seat.release()
  seat.assign('u_1')
  t.equal(limits.keys, 0)
})

test('no bound at all is null', async (t) => {
  const limits = connectionLimits(UNLIMITED)
  t.doesNotThrow(() => {
    for (let i = 0; i < 2_000; i += 1) {
      const seat = limits.take(A, 0)
      seat.markPending()
      seat.assign('u_1')
    }
  })
  t.equal(limits.taken, 2_000)
})
