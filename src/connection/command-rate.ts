// How many commands a connection may send in a second, besides those that publish. One that sends
// too many is told so, and only one that does not stop is closed [C330].
import type { Limits } from '../protocol/limits.ts'
import type { Clock } from '../time/clock.ts'
import { type Rate, TokenBucket } from '../time/token-bucket.ts'

/** How many seconds' worth of commands may come at once: many rooms are joined again in one go. */
const BURST_SECONDS = 8
/** How long a connection may go on sending what is refused. */
const ABUSE_MS = 10_000
/** How many bursts of it: a frame may have a hundred thousand commands, which are read at once. */
const REFUSED_BURSTS = 2
/** A connection that sent nothing that was refused for so long has slowed down. */
const PAUSE_MS = 1_000

/**
 * What to do with what is refused (111): answer it, or close the connection (3013), which has gone
 * on for ten seconds, or had two bursts refused, with no second in which nothing was refused.
 */
export type Verdict = 'over' | 'abuse'

export class CommandRate {
  readonly #rate: Rate | null
  readonly #bucket: TokenBucket | null
  readonly #clock: Clock
  /** When refusals without a pause began, and the last: whole numbers, which V8 keeps inside. */
  #overSince = 0
  #refused = 0
  #refusedAt = -PAUSE_MS

  /** `sent`: commands of the second that passes, which were not counted here. */
  constructor(limits: Pick<Limits, 'commandsPerSecond'>, clock: Clock, sent = 0) {
    const rate = rateOf(limits)
    this.#rate = rate
    this.#bucket = rate ? new TokenBucket(rate, clock.elapsed(), clock.stalled) : null
    this.#bucket?.spend(sent)
    this.#clock = clock
  }

  /** Counts commands, all or none; false where they are too many. */
  take(count = 1): boolean {
    return this.#bucket?.take(count, this.#clock.elapsed()) ?? true
  }

  /** Something that the connection sent was refused for its rate, this one or another. */
  refuse(): Verdict {
    const elapsed = this.#clock.elapsed()
    // While the process stands still no client can learn that it is over.
    const at = Math.floor(elapsed - this.#clock.stalled(elapsed))
    if (at - this.#refusedAt >= PAUSE_MS) {
      this.#overSince = at
      this.#refused = 0
    }
    this.#refusedAt = at
    this.#refused += 1
    const isFlood = this.#rate !== null && this.#refused > REFUSED_BURSTS * this.#rate.burst
    return isFlood || at - this.#overSince >= ABUSE_MS ? 'abuse' : 'over'
  }
}

/** Each connection has a bucket, and all of them share its rate. */
const rates = new WeakMap<object, Rate>()

function rateOf(limits: Pick<Limits, 'commandsPerSecond'>): Rate | null {
  const { commandsPerSecond: perSecond } = limits
  if (perSecond === null) return null
  const known = rates.get(limits)
  if (known !== undefined) return known
  const rate = { perSecond, burst: BURST_SECONDS * perSecond }
  rates.set(limits, rate)
  return rate
}
