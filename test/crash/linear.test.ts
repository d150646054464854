// The judge of the order of calls finds each that is out of order, and none where there is none.
import t from 'tap'
import { linear } from './linear.ts'
import type { Operation } from './record.ts'

function op(what: Operation['what'], span: [number, number], offset: number, epoch = 'e1') {
  return { what, began: span[0], ended: span[1], at: { epoch, offset } }
}

const GOOD = [
  op('append', [0, 10], 2),
  op('append', [5, 8], 1),
  op('read', [9, 20], 1),
  op('read', [11, 20], 2),
  op('append', [21, 22], 3),
  op('read', [30, 31], 0, 'e2'),
  op('append', [32, 33], 1, 'e2'),
]

t.test('calls that overlap may take effect either way', async (t) => {
  t.same(linear(GOOD), [])
})

const LIES = {
  'an append before one that was answered': op('append', [40, 41], 1, 'e2'),
  'a read that shows less than an append that was answered': op('read', [11, 12], 1),
  'a read that shows less than another read': op('read', [34, 35], 0, 'e2'),
  'an epoch that comes back': op('read', [50, 51], 3),
}

for (const [what, lie] of Object.entries(LIES)) {
  t.test(`it notices: ${what}`, async (t) => {
    t.equal(linear([...GOOD, lie]).length, 1)
  })
}

t.test('after a loss reads show what is left, until a call has another epoch', async (t) => {
  const loss = { began: 40, ended: 41, kept: 1 }
  const lost = [op('append', [0, 1], 1), op('append', [2, 3], 2), op('read', [42, 43], 1)]
  const later = op('append', [44, 45], 2, 'e2')
  t.same(linear([...lost, later], [loss]), [])
  t.equal(linear([...lost, later]).length, 1)
  const stale = op('read', [46, 47], 1)
  t.equal(linear([...lost, later, stale], [loss]).length, 2)
  const other = op('append', [42, 43], 2)
  t.equal(linear([...lost, later, other], [loss]).length, 1)
})
