// Few at a time, the others in their turn, and too many are turned away.
import t from 'tap'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { PageGate } from '../../src/engine/page-gate.ts'

t.test('four are read at a time, and the others in the order they came', async (t) => {
  const gate = new PageGate()
  const ends: (() => void)[] = []
  const begun: number[] = []
  const read = (page: number) => () => {
    begun.push(page)
    return new Promise<void>((resolve) => ends.push(resolve))
  }
  const all = [0, 1, 2, 3, 4, 5].map((page) => gate.pass(read(page)))
  await new Promise(setImmediate)
  t.same(begun, [0, 1, 2, 3])
  for (const count of [4, 5, 6, 6]) {
    t.equal(begun.length, count)
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  for (const end of ends) end()
  await Promise.all(all)
  t.same(begun, [0, 1, 2, 3, 4, 5])
})

t.test('one that fails gives its place on', async (t) => {
  const gate = new PageGate()
  const failing = Array.from({ length: 10 }, () =>
    gate.pass(() => Promise.reject(new Error('no page'))),
  )
  for (const one of failing) await t.rejects(one, /no page/)
  t.equal(await gate.pass(async () => 'a page'), 'a page')
})

t.test('more than may wait are turned away, and a retry succeeds', async (t) => {
  const gate = new PageGate()
  const held = Promise.withResolvers<void>()
  const all = Array.from({ length: 1_004 }, () => gate.pass(() => held.promise))
  await t.rejects(
    gate.pass(async () => 1),
    EngineUnavailable,
  )
  held.resolve()
  await Promise.all(all)
  t.equal(await gate.pass(async () => 1), 1)
})
