// Members that join, leave, or leave while they are written to, at the edges of a turn.
import { test } from 'tap'
import { CountingFormat } from '../../support/counting-format.ts'
import { FakeMember } from '../../support/fake-member.ts'
import { eventOf, fanOutByHand } from '../../support/fan-out-by-hand.ts'

test('[C44] a member that joins in mid-turn gets nothing that was published before', async (t) => {
  const { fan, end } = fanOutByHand()
  const early = new FakeMember()
  const late = new FakeMember()
  fan.add(early)
  fan.push(eventOf('before'))
  fan.add(late)
  fan.push(eventOf('after'))
  end()
  t.same(early.buffers.map(String), ['[before][after]'])
  t.same(late.buffers.map(String), ['[after]'])
})

test('a member that leaves in mid-turn gets the messages before, and none after', async (t) => {
  const { fan, end } = fanOutByHand()
  const stays = new FakeMember()
  const goes = new FakeMember()
  for (const member of [stays, goes]) fan.add(member)
  fan.push(eventOf('before'))
  fan.remove(goes)
  fan.push(eventOf('after'))
  end()
  t.equal(goes.heard, '[before]')
  t.equal(stays.heard, '[before][after]')
})

test('the last member to leave still gets the messages before', async (t) => {
  const { fan, end } = fanOutByHand()
  const member = new FakeMember()
  fan.add(member)
  fan.push(eventOf('a'))
  fan.remove(member)
  t.equal(member.heard, '[a]')
  end()
  t.equal(member.heard, '[a]', 'once')
})

test('a member that leaves and joins in one turn misses only the messages between', async (t) => {
  const { fan, end } = fanOutByHand()
  const member = new FakeMember()
  fan.add(member)
  fan.push(eventOf('1'))
  fan.remove(member)
  fan.push(eventOf('2'))
  fan.add(member)
  fan.push(eventOf('3'))
  end()
  t.equal(member.heard, '[1][3]')
})

test('a member that leaves while being delivered to disturbs no other', async (t) => {
  const { fan, end } = fanOutByHand()
  const members = Array.from({ length: 5 }, () => new FakeMember())
  for (const member of members) fan.add(member)
  const leaver = members[2]
  if (leaver) leaver.onDeliver = () => fan.remove(leaver)
  fan.push(eventOf('1'))
  end()
  fan.push(eventOf('2'))
  end()
  for (const member of members) t.equal(member.heard, member === leaver ? '[1]' : '[1][2]')
  t.equal(fan.size, 4)
})

test('a member that takes another one with it leaves the rest undisturbed', async (t) => {
  const { fan, end } = fanOutByHand()
  const members = Array.from({ length: 4 }, () => new FakeMember())
  const [first, , third] = members
  for (const member of members) fan.add(member)
  if (first) first.onDeliver = () => third && fan.remove(third)
  fan.push(eventOf('1'))
  end()
  const heard = members.map(({ heard }) => heard)
  t.same(heard, ['[1]', '[1]', '[1]', '[1]'])
})

test('all members leaving while being delivered to empties the room', async (t) => {
  const { fan, end } = fanOutByHand()
  const formats = [new CountingFormat('one'), new CountingFormat('two')]
  const members = formats.flatMap((format) => [
    new FakeMember({ format }),
    new FakeMember({ format, echo: false }),
  ])
  for (const member of members) {
    fan.add(member)
    member.onDeliver = () => fan.remove(member)
  }
  fan.push(eventOf('1'))
  fan.push(eventOf('2'))
  end()
  for (const { heard } of members) t.equal(heard, '[1][2]')
  t.equal(fan.size, 0)
  const next = new FakeMember({ format: formats[0] ?? new CountingFormat() })
  fan.add(next)
  fan.push(eventOf('3'))
  end()
  t.equal(next.heard, '[3]', 'and the room can be used again')
})

test('a leave in the middle of a push that overflows loses no order', async (t) => {
  const { fan, end } = fanOutByHand()
  const formats = [new CountingFormat('one'), new CountingFormat('two')] as const
  const leaver = new FakeMember({ format: formats[0] })
  const same = new FakeMember({ format: formats[0] })
  const other = new FakeMember({ format: formats[1] })
  for (const member of [leaver, same, other]) fan.add(member)
  leaver.onDeliver = () => fan.remove(leaver)
  const big = (letter: string) => letter + '.'.repeat(150_000)
  for (const letter of ['a', 'b', 'c', 'd']) fan.push(eventOf(big(letter)))
  end()
  const letters = ({ heard }: FakeMember) => heard.replaceAll('.', '')
  t.equal(letters(leaver), '[a][b]', 'the messages before it left')
  t.equal(letters(same), '[a][b][c][d]')
  t.equal(letters(other), '[a][b][c][d]')
})
