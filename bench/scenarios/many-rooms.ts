// A thousand rooms of ten, one publisher in each, closed loop: no room is worth a big buffer.
import { forEach, gather, type Scenario, talk } from './scenario.ts'

const WINDOW = 4

export const MANY_ROOMS: Scenario = {
  name: 'rooms of ten',
  unit: 'deliveries/s',
  more: true,
  subject: 'usher',
  rows: forEach(
    ['usher', 'C floor', 'bun', '@fastify/websocket', 'ws', 'socket.io'],
    async (context) => {
      const rooms = Math.round(1_000 * context.scale.crowd)
      await gather(context, { rooms, members: 10, publishers: 1, timedEvery: 10 })
      return talk(context, { size: 64, pace: { window: WINDOW } })
    },
  ),
}
