// One room, closed loop: how fast a server can fan out when it always has something to do.
import { forEach, gather, type Scenario, talk } from './scenario.ts'

const WINDOW = 16
/** At ten million deliveries a second a member has some 15 KB waiting by then. */
const TURN_MS = 25

export const ONE_BIG_ROOM: Scenario = {
  name: 'one big room',
  unit: 'deliveries/s',
  more: true,
  subject: 'usher',
  rows: forEach(
    ['usher', 'C floor', 'bun', '@fastify/websocket', 'ws', 'socket.io'],
    async (context) => {
      const members = Math.round(1_000 * context.scale.crowd)
      await gather(context, { rooms: 1, members, publishers: 10, timedEvery: 10, turnMs: TURN_MS })
      return talk(context, { size: 64, pace: { window: WINDOW } })
    },
  ),
}
