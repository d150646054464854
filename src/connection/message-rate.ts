// The message rate of one connection: messages and bytes per second. The rate of a user over all
// connections and requests is the bound `messages` of the shares.
import type { Limits } from '../protocol/limits.ts'
import type { Clock } from '../time/clock.ts'
import { Meter, type NamedRate } from '../time/meter.ts'

type Rates = Pick<Limits, 'messagesPerSecond' | 'bytesPerSecond'>
export type MessageRate = Meter<keyof Rates>

/** The rate of one connection from now on. What waits during a stall is no burst. */
export function messageRate(limits: Rates, clock: Clock): MessageRate {
  const rates = {
    count: rateOf('messagesPerSecond', limits),
    bytes: rateOf('bytesPerSecond', limits),
  }
  return new Meter(rates, clock.elapsed(), clock.stalled)
}

function rateOf<Limit extends keyof Rates>(limit: Limit, limits: Rates): NamedRate<Limit> | null {
  const perSecond = limits[limit]
  return perSecond === null ? null : { limit, rate: { burst: perSecond, perSecond } }
}
