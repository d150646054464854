// The end of a turn has two phases: rooms write, then connections in several rooms write what they
// gathered. Neither phase may keep the other from its turn.
import { test } from 'tap'
import type { Gatherer, Writer } from '../../../src/room/fan-out/flush-scheduler.ts'
import { fanOutByHand } from '../../support/fan-out-by-hand.ts'

/** Hands a buffer to each of its gatherers, as a room does to connections in several rooms. */
function room(gather: (to: Gatherer) => void, gatherers: readonly Gatherer[]): Writer {
  let at = 0
  return {
    write(most) {
      const slice = gatherers.slice(at, at + most)
      at += slice.length
      for (const one of slice) gather(one)
      return slice.length
    },
  }
}

function counted(count: number): (Gatherer & { flushes: number })[] {
  return Array.from({ length: count }, () => ({
    flushes: 0,
    flush() {
      this.flushes += 1
    },
  }))
}

test('a connection that ten rooms speak to writes once, after the last of them', async (t) => {
  const { turn, end } = fanOutByHand()
  const [one] = counted(1)
  if (!one) return
  for (let i = 0; i < 10; i += 1) turn.add(room((to) => turn.gathered(to, true), [one]))
  end()
  t.equal(one.flushes, 1)
  t.equal(turn.totals.writes, 1)
})

test('a reply outside of a room is written at the end of the turn, too', async (t) => {
  const { turn, end, asked } = fanOutByHand()
  const [one] = counted(1)
  if (!one) return
  turn.gathered(one, true)
  turn.gathered(one, true)
  t.equal(asked(), 1)
  end()
  t.equal(one.flushes, 1)
  end()
  t.equal(one.flushes, 1, 'once')
})

test('writes of a turn are bounded, and none is forgotten', async (t) => {
  const { turn, end, asked } = fanOutByHand({ perTurn: 10, perRoom: 4, ms: Infinity })
  const all = counted(25)
  turn.add(room((to) => turn.gathered(to, true), all))
  for (let turns = 0; turns < 10 && asked() > turns; turns += 1) end()
  t.ok(all.every(({ flushes }) => flushes === 1))
  t.equal(turn.totals.writes, 25)
  t.ok(turn.totals.turns >= 3, `took ${turn.totals.turns} turns`)
})

test('where rooms take all the time, connections still write some in each turn', async (t) => {
  const { turn, clock, end } = fanOutByHand({ perTurn: 1_000, perRoom: 1_000, ms: 8 })
  const all = counted(100)
  for (const one of all) turn.gathered(one, true)
  turn.add({
    write: () => {
      void clock.advance(100)
      return 0
    },
  })
  end()
  const first = all.filter(({ flushes }) => flushes > 0).length
  t.ok(first > 0 && first < 100, `${first} of 100`)
  end()
  t.ok(all.every(({ flushes }) => flushes === 1))
})
