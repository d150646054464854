// The server ends and starts again while all followers are connected: how long until all are back,
// with every message that was published meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Backoff, quantile } from './crowd.ts'
import type { Admission } from './server.ts'
import { type Found, onStage } from './stage.ts'

const BEFORE_MS = 2_000
const ALL_BACK_MS = 120_000

export interface Restart {
  size: number
  ending: 'orderly' | 'kill -9'
  admission: Admission
}

/**
 * At once, and after refusals within a second: the spread keeps the load side from being the limit.
 */
const AT_ONCE: Backoff = (refusals) => Math.random() * (refusals <= 1 ? 100 : 1_000)
/** As the Centrifugal SDKs do it: doubling from half a second to twenty, at random up to that. */
export const LIKE_SDKS: Backoff = (refusals) =>
  Math.min(20_000, 500 + Math.random() * Math.min(20_000, 500 * 2 ** refusals))

export function restart(
  { size, ending, admission }: Restart,
  pin: readonly string[],
): Promise<Found> {
  const backoff = admission === 'raised' ? AT_ONCE : LIKE_SDKS
  return onStage({ size, admission, backoff, publishers: 1, pin }, async ({ server, crowd }) => {
    await sleep(BEFORE_MS)
    await server.end(ending === 'orderly' ? 'SIGTERM' : 'SIGKILL')
    const goneAt = performance.now()
    crowd.acceptedAt = null
    crowd.waysBack = []
    await server.again()
    await crowd.allBack(ALL_BACK_MS)
    const acceptedAt = crowd.acceptedAt ?? Number.NaN
    return {
      'all back s after the first accept': (crowd.backAt - acceptedAt) / 1_000,
      'down s': (acceptedAt - goneAt) / 1_000,
      'way back p99 ms': quantile(crowd.waysBack, 0.99),
      'turned away 503': crowd.turnedAway.get(503) ?? 0,
      'turned away 429': crowd.turnedAway.get(429) ?? 0,
    }
  })
}
