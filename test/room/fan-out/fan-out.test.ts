// One encode per format, one write per member and turn.
import { test } from 'tap'
import { FanOut } from '../../../src/room/fan-out/fan-out.ts'
import { JOIN_BYTES_MAX } from '../../../src/room/fan-out/group.ts'
import { CountingFormat } from '../../support/counting-format.ts'
import { FakeMember } from '../../support/fake-member.ts'
import { eventOf, fanOutByHand } from '../../support/fan-out-by-hand.ts'

test('the messages of one turn reach every member in one buffer, in order', async (t) => {
  const { fan, end } = fanOutByHand()
  const members = [1, 2, 3].map(() => new FakeMember())
  for (const member of members) fan.add(member)
  for (const text of ['a', 'b', 'c']) fan.push(eventOf(text))
  const counts = members.map(({ buffers }) => buffers.length)
  t.same(counts, [0, 0, 0], 'nothing before the turn ends')
  end()
  for (const member of members) t.same(member.buffers.map(String), ['[a][b][c]'])
  t.equal(members[0]?.buffers[0], members[1]?.buffers[0], 'the very same buffer')
})

test('a message is encoded once per format, however many members there are', async (t) => {
  const { fan, end } = fanOutByHand()
  const formats = [new CountingFormat('one'), new CountingFormat('two')]
  for (const format of formats) {
    for (let i = 0; i < 50; i += 1) fan.add(new FakeMember({ format, echo: i % 2 === 0 }))
  }
  for (let i = 0; i < 10; i += 1) fan.push(eventOf(String(i)))
  end()
  const encodes = formats.map(({ encodes }) => encodes)
  t.same(encodes, [10, 10])
})

test('nothing is encoded for a room without members, and no turn is asked for', async (t) => {
  const { fan, asked } = fanOutByHand()
  const format = new CountingFormat()
  const member = new FakeMember({ format })
  fan.push(eventOf('a'))
  fan.add(member)
  fan.remove(member)
  fan.push(eventOf('b'))
  t.equal(format.encodes, 0)
  t.equal(asked(), 0)
})

test('many rooms share the end of one turn', async (t) => {
  const { turn, asked, end } = fanOutByHand()
  const rooms = [1, 2, 3].map(() => {
    const room = { fan: new FanOut(turn), member: new FakeMember() }
    room.fan.add(room.member)
    return room
  })
  for (const { fan } of rooms) for (const text of ['a', 'b']) fan.push(eventOf(text))
  t.equal(asked(), 1)
  end()
  for (const { member } of rooms) t.same(member.buffers.map(String), ['[a][b]'])
  rooms[0]?.fan.push(eventOf('c'))
  t.equal(asked(), 2, 'the next turn is asked for again')
})

test('members of two formats each get their own bytes in the same order', async (t) => {
  const { fan, end } = fanOutByHand()
  const members = [new CountingFormat('one'), new CountingFormat('two')].map(
    (format) => new FakeMember({ format }),
  )
  for (const member of members) fan.add(member)
  for (const text of ['a', 'b']) fan.push(eventOf(text))
  end()
  for (const { heard } of members) t.equal(heard, '[a][b]')
  t.not(members[0]?.buffers[0], members[1]?.buffers[0])
})

test('a member without echo gets the pieces around its own frames, in one buffer', async (t) => {
  const { fan, end } = fanOutByHand()
  const quiet = new FakeMember({ echo: false })
  const loud = new FakeMember()
  const listener = new FakeMember({ echo: false })
  for (const member of [quiet, loud, listener]) fan.add(member)
  const said: [string, string | null][] = [
    ['1', quiet.id],
    ['2', loud.id],
    ['3', quiet.id],
    ['4', null],
    ['5', quiet.id],
  ]
  for (const [text, origin] of said) fan.push(eventOf(text, origin))
  end()
  t.same(quiet.buffers.map(String), ['[2][4]'])
  t.same(loud.buffers.map(String), ['[1][2][3][4][5]'])
  t.equal(
    listener.buffers[0],
    loud.buffers[0],
    'a member that sent nothing shares the common buffer',
  )
})

test('a member without echo gets no buffer when it alone spoke', async (t) => {
  const { fan, end } = fanOutByHand()
  const quiet = new FakeMember({ echo: false })
  fan.add(quiet)
  fan.push(eventOf('a', quiet.id))
  end()
  t.same(quiet.buffers, [])
})

test('more than 256 KB is written in several buffers, each within the bound', async (t) => {
  const { fan, end } = fanOutByHand()
  const member = new FakeMember()
  fan.add(member)
  const size = 50_000
  for (let i = 0; i < 12; i += 1) fan.push(eventOf(Buffer.alloc(size, 97 + i)))
  end()
  const sizes = member.buffers.map(({ length }) => length)
  t.ok(
    sizes.every((length) => length <= JOIN_BYTES_MAX),
    `${sizes}`,
  )
  t.equal(sizes.length, 3)
  const expected = Array.from({ length: 12 }, (_, i) => `[${String.fromCharCode(97 + i)}`)
  t.same(member.heard.match(/\[./g), expected)
})

test('exactly 256 KB is one buffer and one byte more is two', async (t) => {
  for (const [extra, buffers] of [
    [0, 1],
    [1, 2],
  ] as const) {
    const { fan, end } = fanOutByHand()
    const member = new FakeMember()
    fan.add(member)
    fan.push(eventOf(Buffer.alloc(JOIN_BYTES_MAX / 2 - 2)))
    fan.push(eventOf(Buffer.alloc(JOIN_BYTES_MAX / 2 - 2 + extra)))
    end()
    t.equal(member.buffers.length, buffers)
  }
})

test('one message over 256 KB goes out whole', async (t) => {
  const { fan, end } = fanOutByHand()
  const member = new FakeMember()
  fan.add(member)
  for (const bytes of [10, JOIN_BYTES_MAX + 10, 10]) fan.push(eventOf(Buffer.alloc(bytes)))
  end()
  const sizes = member.buffers.map(({ length }) => length)
  t.same(sizes, [12, JOIN_BYTES_MAX + 12, 12])
})

test('a member is counted once, and forgotten when it leaves', async (t) => {
  const { fan } = fanOutByHand()
  const member = new FakeMember()
  fan.add(member)
  fan.add(member)
  t.equal(fan.size, 1)
  t.same([...fan.members()], [member])
  fan.remove(member)
  fan.remove(member)
  t.equal(fan.size, 0)
  t.same([...fan.members()], [])
})
