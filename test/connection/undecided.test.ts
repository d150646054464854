// Deadlines of connections without a proved identity: each kind has its own.
import { test } from 'tap'
import { DEADLINES, Undecided } from '../../src/connection/undecided.ts'
import type { CloseCode } from '../../src/protocol/errors.ts'

class Closable {
  closedWith: CloseCode | null = null

  close(code: CloseCode): void {
    this.closedWith = code
  }
}

const { firstMessage, connect } = DEADLINES

test('a long deadline in front does not hide a short one behind it', async (t) => {
  const undecided = new Undecided<Closable>()
  const [slow, quick] = [new Closable(), new Closable()]
  undecided.add(slow, connect, 0)
  undecided.add(quick, firstMessage, 1_000)
  undecided.check(firstMessage.ms + 999)
  t.equal(quick.closedWith, null)
  undecided.check(firstMessage.ms + 1_000)
  t.equal(quick.closedWith, firstMessage.code)
  t.equal(slow.closedWith, null)
  undecided.check(connect.ms)
  t.equal(slow.closedWith, connect.code)
})

test('a connection that has decided is not closed', async (t) => {
  const undecided = new Undecided<Closable>()
  const connections = Array.from({ length: 3 }, () => new Closable())
  for (const connection of connections) undecided.add(connection, firstMessage, 0)
  const [, decided] = connections
  if (decided) undecided.remove(decided)
  undecided.check(firstMessage.ms)
  const closed = connections.map(({ closedWith }) => closedWith !== null)
  t.same(closed, [true, false, true])
})
