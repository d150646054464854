// Huge rooms are written to in slices, so that other rooms get their turn, and never out of order.
import { test } from 'tap'
import { FanOut } from '../../../src/room/fan-out/fan-out.ts'
import { JOIN_BYTES_MAX } from '../../../src/room/fan-out/group.ts'
import { CountingFormat } from '../../support/counting-format.ts'
import { FakeMember } from '../../support/fake-member.ts'
import { eventOf, fanOutByHand } from '../../support/fan-out-by-hand.ts'

const SLICES_OF_TWO = { perTurn: 4, perRoom: 2, ms: Infinity }

function crowd(fan: FanOut, size: number): FakeMember[] {
  const members = Array.from({ length: size }, () => new FakeMember())
  for (const member of members) fan.add(member)
  return members
}

const heard = (members: FakeMember[]): string[] => members.map((member) => member.heard)

test('a huge room is written to over several turns', async (t) => {
  const { fan, end } = fanOutByHand(SLICES_OF_TWO)
  const members = crowd(fan, 6)
  fan.push(eventOf('1'))
  end()
  t.same(heard(members), ['[1]', '[1]', '[1]', '[1]', '', ''])
  end()
  t.same(heard(members), Array(6).fill('[1]'))
})

test('where a write takes long a turn ends sooner, after one slice at least', async (t) => {
  const { fan, clock, end } = fanOutByHand({ perTurn: 100, perRoom: 2, ms: 8 })
  const members = crowd(fan, 6)
  const [first, second] = members
  const takes = (ms: number) => () => void clock.advance(ms)
  if (first) first.onDeliver = takes(20)
  fan.push(eventOf('1'))
  end()
  t.same(heard(members), ['[1]', '[1]', '', '', '', ''])
  end()
  t.same(heard(members), Array(6).fill('[1]'), 'and the others follow in the next')
  if (second) second.onDeliver = takes(8)
  if (first) first.onDeliver = takes(0)
  fan.push(eventOf('2'))
  end()
  t.same(heard(members), Array(6).fill('[1][2]'), 'the turn is not over before its time')
})

test('messages meanwhile wait for the slices, and come in one buffer', async (t) => {
  const { fan, end } = fanOutByHand(SLICES_OF_TWO)
  const members = crowd(fan, 6)
  fan.push(eventOf('1'))
  end()
  for (const text of ['2', '3']) fan.push(eventOf(text))
  for (let turn = 0; turn < 3; turn += 1) end()
  for (const { buffers } of members) t.same(buffers.map(String), ['[1]', '[2][3]'])
})

test('a small room behind a huge one is not kept waiting for the whole of it', async (t) => {
  const { fan, turn, end } = fanOutByHand(SLICES_OF_TWO)
  crowd(fan, 100)
  const small = new FanOut(turn)
  const members = crowd(small, 1)
  fan.push(eventOf('1'))
  small.push(eventOf('2'))
  end()
  t.same(heard(members), ['[2]'])
})

test('[C44] a member that joins between two slices gets nothing of either buffer', async (t) => {
  const { fan, end } = fanOutByHand(SLICES_OF_TWO)
  const members = crowd(fan, 6)
  fan.push(eventOf('1'))
  end()
  fan.push(eventOf('2'))
  const late = new FakeMember()
  const alike = new FakeMember({ format: members[0]?.format ?? new CountingFormat() })
  for (const member of [late, alike]) fan.add(member)
  fan.push(eventOf('3'))
  for (let turn = 0; turn < 5; turn += 1) end()
  t.same(heard([late, alike]), ['[3]', '[3]'])
  t.same(heard(members), Array(6).fill('[1][2][3]'))
})

test('a member that leaves between two slices first gets the bytes it lacks', async (t) => {
  const { fan, end } = fanOutByHand(SLICES_OF_TWO)
  const members = crowd(fan, 6)
  fan.push(eventOf('1'))
  end()
  fan.push(eventOf('2'))
  for (const member of members) fan.remove(member)
  t.same(heard(members), Array(6).fill('[1][2]'))
  end()
  t.same(heard(members), Array(6).fill('[1][2]'), 'once')
})

test('a publisher that is faster than a huge room can be written to waits for it', async (t) => {
  const { fan, end } = fanOutByHand(SLICES_OF_TWO)
  const members = crowd(fan, 20)
  const big = Buffer.alloc(JOIN_BYTES_MAX - 10)
  for (let i = 0; i < 3; i += 1) fan.push(eventOf(big))
  const written = members.filter(({ buffers }) => buffers.length === 1).length
  t.equal(written, 20, 'no more than two buffers wait: the first was written at once')
  for (let turn = 0; turn < 20; turn += 1) end()
  t.ok(members.every(({ buffers }) => buffers.length === 3))
})
