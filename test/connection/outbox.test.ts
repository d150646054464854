// The bytes that wait for a reader are bounded in number and in age.
import { test } from 'tap'
import { Outbox } from '../../src/connection/outbox.ts'
import { type Reader, SlowReaders } from '../../src/connection/slow-readers.ts'
import { FakeSocket } from '../support/fake-socket.ts'

function outboxOn(socket = new FakeSocket()) {
  return { socket, outbox: new Outbox(socket) }
}

const bytes = (count: number) => Buffer.alloc(count)

test('a reader that keeps up may be sent any amount', async (t) => {
  const { socket, outbox } = outboxOn()
  for (let i = 0; i < 100; i += 1) t.equal(outbox.write(bytes(1_000), 10), true)
  t.equal(socket.written.length, 100)
})

test('[C61] over the bound nothing is written and the answer is false', async (t) => {
  const { socket, outbox } = outboxOn()
  socket.reads = false
  t.equal(outbox.write(bytes(60), 100), true)
  t.equal(outbox.write(bytes(40), 100), true, 'exactly the bound')
  t.equal(outbox.write(bytes(1), 100), false)
  t.equal(socket.written.length, 2)
  socket.take(1)
  t.equal(outbox.write(bytes(1), 100), true, 'room again')
})

test('one write over the bound goes to a reader for whom nothing waits', async (t) => {
  const { socket, outbox } = outboxOn()
  socket.reads = false
  t.equal(outbox.write(bytes(1_000), 100), true)
  t.equal(outbox.write(bytes(0), 100), false, 'and then no more until it has read')
})

test('what a turn gathers is one write, and large buffers are written as they are', async (t) => {
  for (const size of [10, 60_000]) {
    const { socket, outbox } = outboxOn()
    const gathered = ['a', 'b', 'c'].map((letter) => Buffer.alloc(size, letter))
    for (const frames of gathered) outbox.gather(frames, 1_000_000)
    t.equal(outbox.flush(), 3 * size)
    t.same(Buffer.concat(socket.written), Buffer.concat(gathered), 'in their order')
    t.equal(socket.written.length, size === 10 ? 1 : 3)
    t.equal(socket.written.includes(gathered[1] as Buffer), size !== 10, 'no copy of a large one')
  }
})

const BOUNDS = { outboxSeconds: 15, outboxTotalBytes: null }

/** A reader that counts how often it was cut. */
function reader(): Reader & { socket: FakeSocket; cuts: number } {
  const { socket, outbox } = outboxOn()
  socket.reads = false
  return {
    socket,
    outbox,
    cuts: 0,
    cutAsSlow() {
      this.cuts += 1
    },
  }
}

test('age is measured until the piece that waited first has left', async (t) => {
  for (const hasLeft of [false, true]) {
    const slow = new SlowReaders({ ...BOUNDS, outboxSeconds: 5 })
    const reading = reader()
    reading.outbox.write(bytes(10), 1_000)
    slow.watch(reading, 10, 1_000)
    slow.check(5_999)
    reading.outbox.write(bytes(10), 1_000)
    reading.socket.take(hasLeft ? 10 : 9)
    t.equal(reading.cuts, 0)
    slow.check(6_000)
    t.equal(reading.cuts, hasLeft ? 0 : 1, 'one byte of it is still here, or a new piece begins')
    slow.check(10_999)
    t.equal(reading.cuts, hasLeft ? 0 : 2)
    slow.check(11_000)
    t.equal(reading.cuts, hasLeft ? 1 : 3)
  }
})

test('[C61] a reader that takes nothing is cut after outboxSeconds and not before', async (t) => {
  const slow = new SlowReaders(BOUNDS)
  const stuck = reader()
  stuck.outbox.write(bytes(10), 1_000)
  slow.watch(stuck, 10, 0)
  for (let second = 1; second < 15; second += 1) slow.check(second * 1_000)
  t.equal(stuck.cuts, 0)
  slow.check(15_000)
  t.equal(stuck.cuts, 1)
})

test('[C61] a trickle does not save a reader for whom every byte waits too long', async (t) => {
  const slow = new SlowReaders(BOUNDS)
  const trickling = reader()
  // 20 bytes a second go in and 20 come out, behind 400 that wait: each waits 20 s.
  trickling.outbox.write(bytes(400), 10_000)
  slow.watch(trickling, 10, 0)
  let second = 0
  while (trickling.cuts === 0 && second < 60) {
    second += 1
    trickling.outbox.write(bytes(20), 10_000)
    trickling.socket.take(20)
    slow.check(second * 1_000)
  }
  t.equal(second, 15)
})

test('a reader that is behind by less than outboxSeconds is never cut', async (t) => {
  const slow = new SlowReaders(BOUNDS)
  const behind = reader()
  behind.outbox.write(bytes(200), 10_000)
  slow.watch(behind, 10, 0)
  for (let second = 1; second < 300; second += 1) {
    behind.outbox.write(bytes(20), 10_000)
    behind.socket.take(20)
    slow.check(second * 1_000)
  }
  t.equal(behind.cuts, 0, 'ten seconds behind for five minutes')
})

test('only readers for whom something waits are looked at', async (t) => {
  const slow = new SlowReaders(BOUNDS)
  const [a, b, c] = [reader(), reader(), reader()]
  for (const one of [a, b, c]) {
    one.outbox.write(bytes(10), 1_000)
    slow.watch(one, 10, 0)
    slow.watch(one, 10, 5_000)
  }
  t.equal(slow.size, 3)
  a.socket.take(10)
  slow.forget(b)
  slow.check(14_000)
  t.equal(slow.size, 1)
  slow.check(15_000)
  t.same([a.cuts, b.cuts, c.cuts], [0, 0, 1], 'watching again does not set the age back')
})

test('a reader that was caught up and falls behind again starts at age 0', async (t) => {
  const slow = new SlowReaders(BOUNDS)
  const one = reader()
  one.outbox.write(bytes(10), 1_000)
  slow.watch(one, 10, 0)
  one.socket.take(10)
  slow.check(10_000)
  one.outbox.write(bytes(10), 1_000)
  slow.watch(one, 10, 11_000)
  slow.check(25_000)
  t.equal(one.cuts, 0)
  slow.check(26_000)
  t.equal(one.cuts, 1)
})

test('[C61] over the bound of all readers, those for whom most waits go first', async (t) => {
  const slow = new SlowReaders({ outboxSeconds: 15, outboxTotalBytes: 1_000 })
  const readers = [300, 500, 100].map((length) => {
    const one = reader()
    one.outbox.write(bytes(length), 1_000)
    slow.watch(one, length, 0)
    return one
  })
  slow.check(1_000)
  t.same(cutsOf(readers), [0, 0, 0], 'exactly within the bound')
  t.equal(slow.totalBytes, 900)
  readers[2]?.outbox.write(bytes(101), 1_000)
  slow.check(2_000)
  t.same(cutsOf(readers), [0, 1, 0], 'one byte more, and the one with most is cut')
  t.equal(slow.totalBytes, 501)
})

test('[C61] and that bound is not left waiting for the next second', async (t) => {
  const slow = new SlowReaders({ outboxSeconds: 15, outboxTotalBytes: 800 })
  const readers = Array.from({ length: 20 }, reader)
  for (const one of readers) {
    one.outbox.write(bytes(100), 1_000)
    slow.watch(one, 100, 0)
  }
  t.ok(slow.totalBytes <= 900, `${slow.totalBytes}`)
  t.equal(cutsOf(readers).filter((cuts) => cuts === 1).length, 20 - slow.size)
})

const cutsOf = (readers: { cuts: number }[]): number[] => readers.map(({ cuts }) => cuts)
