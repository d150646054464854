// Forty publishers to ten thousand members of one room, a hundred messages a second in all.
import { byLatency } from './fixed-rate.ts'
import { forEach, gather, type Scenario, talk } from './scenario.ts'

export const MANY_PUBLISHERS: Scenario = {
  name: '40 publishers, 10,000 members',
  unit: 'p99 ms',
  more: false,
  subject: 'usher',
  rows: forEach(['usher', 'C floor', 'bun'], async (context) => {
    const members = Math.round(10_000 * context.scale.crowd)
    await gather(context, { rooms: 1, members, publishers: 40, timedEvery: 20, turnMs: 1_000 })
    return byLatency(await talk(context, { size: 64, pace: { perSecond: 100 } }))
  }),
}
