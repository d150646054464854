// Deadlines of connections without a proved identity: each kind has its own.
import { test } from 'tap'
import { DEADLINES, Undecided } from '../../src/connection/undecided.ts'
import type { CloseCode } from '../../src/protocol/errors.ts'

class Closable {
  closedWith: CloseCode | null = null
  bytesRead = 100
  /** What it was said to have sent. */
  readonly counted: number[] = []

  sentSoFar(bytes: number): void {
    this.counted.push(bytes)
  }

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

test('what comes in while it waits is counted, as long as it waits', async (t) => {
  const undecided = new Undecided<Closable>()
  const [early, late] = [new Closable(), new Closable()]
  undecided.add(early, firstMessage, 0)
  late.bytesRead = 500
  undecided.add(late, firstMessage, 1_000)
  undecided.check(1_000)
  early.bytesRead += 50
  late.bytesRead += 7
  undecided.check(2_000)
  undecided.check(firstMessage.ms)
  undecided.remove(late)
  undecided.check(firstMessage.ms + 500)
  t.same(
    [early.counted, late.counted],
    [
      [0, 50],
      [0, 7, 7],
    ],
  )
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
