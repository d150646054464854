// Random lives of clients in many rooms, over connections without a port and a store that answers
// late, fails and loses sight of messages: each client hears every stored message once and in
// order, or is told that it did not.
import fc from 'fast-check'
import { test } from 'tap'
import {
  type Action,
  EVERY_ROOM,
  RichSimulation,
  ROOMS,
  type Step,
  USERS,
} from '../support/rich-simulation.ts'

const RUNS = { seed: 20_261_127, numRuns: 300 }

const who = fc.nat({ max: USERS.length - 1 })
const room = fc.constantFrom(...ROOMS)
const any = fc.constantFrom(...EVERY_ROOM)
const how = fc.constantFrom('kept', 'passing', 'unechoed')
const small = fc.nat({ max: 4 })

const STEPS = {
  connect: { weight: 5, with: { who } },
  cut: { weight: 2, with: { who } },
  join: { weight: 8, with: { who, room, isStrict: fc.boolean(), fromStart: fc.boolean() } },
  leave: { weight: 2, with: { who, room } },
  say: { weight: 6, with: { who, room, how, bytes: fc.nat({ max: 600 }) } },
  tell: { weight: 5, with: { any, how, count: small } },
  miss: { weight: 2, with: { any, count: fc.nat({ max: 16 }) } },
  redact: { weight: 2, with: { any, back: fc.nat({ max: 8 }) } },
  'delete a room': { weight: 1, with: { any } },
  'send out': { weight: 1, with: { who, room } },
  'end the session': { weight: 1, with: { who } },
  slow: { weight: 2, with: { who, reads: fc.boolean(), isFull: fc.boolean() } },
  answer: { weight: 12, with: { which: small, fails: fc.integer({ min: 0, max: 9 }) } },
  look: { weight: 4, with: { which: small } },
  'answer all': { weight: 6, with: {} },
  wait: { weight: 2, with: { ms: fc.constantFrom(25, 1_000, 4_000) } },
} as const satisfies Record<Action, object>

const pace = { isSoon: fc.boolean(), ticks: fc.nat({ max: 12 }) }

const step = fc.oneof(
  ...Object.entries(STEPS).map(([name, { weight, with: parts }]) => ({
    weight,
    arbitrary: fc.record({ do: fc.constant(name), ...pace, ...(parts as object) }),
  })),
) as unknown as fc.Arbitrary<Step>

/** Steps that failed once: each ends as all others have to. */
const FORMER: [string, Partial<Step>[]][] = [
  [
    'a client that its own reply cuts as slow is no member',
    [
      ...([{ do: 'connect', who: 0 }, { do: 'connect', who: 1 }, { do: 'answer all' }] as const),
      { do: 'join', who: 1, room: 'plain:a' },
      { do: 'slow', who: 0, reads: false, isFull: true },
      { do: 'join', who: 0, room: 'plain:a' },
    ],
  ],
  [
    'a join that being sent out meets has one answer, and another join its own',
    [
      ...([{ do: 'connect', who: 0 }, { do: 'answer all' }] as const),
      { do: 'join', who: 0, room: 'chat:a' },
      { do: 'send out', who: 0, room: 'chat:a' },
      { do: 'join', who: 0, room: 'chat:a' },
    ],
  ],
]

for (const [title, steps] of FORMER) {
  test(`[C345] ${title}`, async (t) => {
    const simulation = new RichSimulation()
    await simulation.run(steps as Step[])
    t.same(simulation.faults, [])
  })
}

test('[C345] a client that is sent out in the step of its reply is told', async (t) => {
  for (let ticks = 0; ticks <= 30; ticks += 1) {
    const soon = { isSoon: true, ticks }
    const lives = [
      [{ do: 'join', who: 0, ...soon, room: 'plain:a' }],
      [
        { do: 'join', who: 0, room: 'chat:a' },
        { do: 'answer', which: 0, fails: 1, ...soon },
      ],
    ]
    for (const life of lives) {
      const simulation = new RichSimulation()
      const before = [{ do: 'connect', who: 0 }, { do: 'answer all' }]
      const after = { do: 'send out', who: 0, room: life[0]?.room }
      await simulation.run([...before, ...life, after] as Step[])
      t.same(simulation.faults, [], `${after.room}, ${ticks} microtasks later`)
    }
  }
})

test('[C345] a client in many rooms hears each stored message once, or is told', async (t) => {
  let recoveries = 0
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 80, size: 'max' }),
    async (steps) => {
      const simulation = new RichSimulation()
      await simulation.run(steps)
      for (const device of simulation.devices) recoveries += device.recoveries
      if (simulation.faults.length > 0) throw new Error(simulation.faults.join('\n'))
    },
  )
  await t.resolves(fc.assert(property, RUNS))
  t.ok(recoveries > RUNS.numRuns / 4, `${recoveries} recoveries`)
})
