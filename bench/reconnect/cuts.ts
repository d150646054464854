// Each follower is cut every fifteen seconds and away for two, while the room is published to.
import { quantile } from './crowd.ts'
import { type Found, onStage } from './stage.ts'

const EVERY_SECONDS = 15
const AWAY_MS = { least: 1_500, most: 2_500 }
/** One publish in eight repeats an old one: eight new messages a second. */
const PUBLISHERS = 9

export function cuts(size: number, seconds: number, pin: readonly string[]): Promise<Found> {
  const backoff = (): number => AWAY_MS.least + Math.random() * (AWAY_MS.most - AWAY_MS.least)
  const parts = { size, admission: 'raised', backoff, publishers: PUBLISHERS, pin } as const
  return onStage(parts, async ({ server, crowd }) => {
    const before = { cpu: server.cpuSeconds(), at: performance.now() }
    await crowd.cut(EVERY_SECONDS, seconds)
    const took = (performance.now() - before.at) / 1_000
    return {
      'ways back': crowd.waysBack.length,
      'replay p50 ms': quantile(crowd.waysBack, 0.5),
      'replay p99 ms': quantile(crowd.waysBack, 0.99),
      'server busy': (server.cpuSeconds() - before.cpu) / took,
    }
  })
}
