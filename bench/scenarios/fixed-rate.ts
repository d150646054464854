// One room at a fixed rate: how long after it was due a message is there.
import { type Figure, forEach, gather, type Scenario, talk } from './scenario.ts'

const PER_SECOND = 400

export const FIXED_RATE: Scenario = {
  name: 'fixed rate, 400 msg/s',
  unit: 'p99 ms',
  more: false,
  subject: 'usher',
  rows: forEach(['usher', 'C floor', 'bun'], async (context) => {
    const members = Math.round(1_000 * context.scale.crowd)
    await gather(context, { rooms: 1, members, publishers: 10, timedEvery: 10 })
    return byLatency(await talk(context, { size: 64, pace: { perSecond: PER_SECOND } }))
  }),
}

/** The peers that cannot carry 400,000 deliveries a second show what they do with a tenth. */
export const LOW_RATE: Scenario = {
  name: 'fixed rate, 40 msg/s',
  unit: 'p99 ms',
  more: false,
  subject: 'usher',
  rows: forEach(
    ['usher', 'C floor', 'bun', '@fastify/websocket', 'ws', 'socket.io'],
    async (context) => {
      const members = Math.round(1_000 * context.scale.crowd)
      await gather(context, { rooms: 1, members, publishers: 10, timedEvery: 10 })
      return byLatency(await talk(context, { size: 64, pace: { perSecond: PER_SECOND / 10 } }))
    },
  ),
}

/** The value of a latency row is its p99; what went through is a note. */
export function byLatency(figure: Figure): Figure {
  const notes = { 'deliveries/s': figure.value, ...figure.notes }
  return { ...figure, value: figure.p99 ?? Number.NaN, notes }
}
