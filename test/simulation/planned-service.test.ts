// The model of bench/simulate: the same seed gives the same, and what it says is plausible.
import t from 'tap'
import { Chance } from '../../bench/simulate/chance.ts'
import { costsOf } from '../../bench/simulate/costs.ts'
import { runLoop } from '../../bench/simulate/loop.ts'
import { needOf, serviceFor } from '../../bench/simulate/service.ts'
import { storm } from '../../bench/simulate/storm.ts'
import { chat, nodesOf, trafficOf } from '../../bench/simulate/workloads.ts'

const COSTS = costsOf()

t.test('a loop that has more to do gathers more in a turn', async (t) => {
  const costs = { turn: 10, first: () => 100, again: () => 1 }
  const jobs = (everyMicros: number) =>
    Array.from({ length: 1_000 }, (_, at) => ({ at: at * everyMicros, micros: 0, touched: [1] }))
  const [idle, full] = [runLoop(jobs(1_000), costs), runLoop(jobs(10), costs)]
  t.equal(idle.microsEach, 110)
  t.equal(Math.round(idle.busy * 100), 11)
  t.ok(full.busy > 0.99)
  t.ok(full.microsEach < 15)
})

t.test('a storm is the same for the same seed, and all come back', async (t) => {
  const parts = { comers: 2_000, spread: 0, down: 2, admitted: 500, waits: false, free: 0.5 }
  const costs = { connect: 500, refuse: 50, carried: Number.POSITIVE_INFINITY }
  const first = storm({ ...parts, ...costs }, new Chance(7))
  t.same(storm({ ...parts, ...costs }, new Chance(7)), first)
  t.ok(first.refused > 0)
  t.ok(first.peakMade <= 1_000, 'half a core makes no more')
  t.ok(first.allBack > 4 && first.allBack < 60)
})

t.test('a room of one is on one node, and a large one on all', async (t) => {
  const load = chat(1_000, 1)
  t.ok(Math.abs(nodesOf(load, 1, 50) - 1) < 1e-9)
  t.ok(nodesOf(load, 10_000, 50) > 49.9)
  const { hearings, messages } = trafficOf(load, 1)
  t.ok(Math.abs(hearings / messages - 1) < 1e-9)
})

t.test('what a service is planned with carries its load', async (t) => {
  const load = chat(1_000_000, 1)
  const service = serviceFor(load, COSTS)
  const need = needOf(load, service, COSTS)
  t.ok(need.node.cpu <= 0.5 && need.primary.cpu <= 0.5)
  t.ok(service.nodes >= 20)
})
