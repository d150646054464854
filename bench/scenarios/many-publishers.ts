// Forty publishers to ten thousand members of one room, a hundred messages a second in all: kept on
// disk before they are delivered, and not.
import { byLatency } from './fixed-rate.ts'
import { forEach, gather, type Row, type Scenario, talk } from './scenario.ts'

export const MANY_PUBLISHERS: Scenario = {
  name: '40 publishers, 10,000 members',
  unit: 'p99 ms',
  more: false,
  subject: 'usher, stored',
  rows: [
    ...rows(['usher'], true).map((row) => ({ ...row, name: 'usher, stored' })),
    ...rows(['usher', 'C floor', 'bun'], false),
  ],
}

function rows(contenders: readonly string[], isStored: boolean): Row[] {
  return forEach(contenders, async (context) => {
    const members = Math.round(10_000 * context.scale.crowd)
    const sizes = { rooms: 1, members, publishers: 40, timedEvery: 20, turnMs: 1_000 }
    await gather(context, { ...sizes, isStored })
    return byLatency(await talk(context, { size: 64, pace: { perSecond: 100 } }))
  })
}
