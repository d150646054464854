// How many commands a connection may send in a second, besides those that publish. One that sends
// too many is told so, and only one that does not stop is closed.
import type { Limits } from '../protocol/limits.ts'
import type { Clock } from '../time/clock.ts'
import { type Rate, TokenBucket } from '../time/token-bucket.ts'

/** How many seconds' worth of commands may come at once: many rooms are joined again in one go. */
const BURST_SECONDS = 8
/** How long a connection may go on sending what is refused. */
const ABUSE_MS = 10_000
/** A connection that sent nothing that was refused for so long has slowed down. */
const PAUSE_MS = 1_000

/**
 * What to do with a command: run it, refuse it (111), or close the connection (3013), which has
 * gone on for ten seconds with no second in which nothing was refused.
 */
export type CommandVerdict = 'ok' | 'over' | 'abuse'

export class CommandRate {
  readonly #bucket: TokenBucket | null
  readonly #clock: Clock
  /** When refusals without a pause began, and the last: whole numbers, which V8 keeps inside. */
  #overSince = 0
  #refusedAt = -PAUSE_MS

  constructor(limits: Pick<Limits, 'commandsPerSecond'>, clock: Clock) {
    const rate = rateOf(limits)
    this.#bucket = rate ? new TokenBucket(rate, clock.elapsed(), clock.stalled) : null
    this.#clock = clock
  }

  /** Counts one command. */
  take(): CommandVerdict {
    if (this.#bucket === null) return 'ok'
    const elapsed = this.#clock.elapsed()
    return this.#bucket.take(1, elapsed) ? 'ok' : this.refuse()
  }

  /** Something that the connection sent was refused for its rate, this one or another. */
  refuse(): Exclude<CommandVerdict, 'ok'> {
    const elapsed = this.#clock.elapsed()
    // While the process stands still no client can learn that it is over.
    const at = Math.floor(elapsed - this.#clock.stalled(elapsed))
    if (at - this.#refusedAt >= PAUSE_MS) this.#overSince = at
    this.#refusedAt = at
    return at - this.#overSince >= ABUSE_MS ? 'abuse' : 'over'
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
