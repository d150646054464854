// How long the event loop stood still. What clients sent meanwhile waited in the kernel and comes
// at once: a rate that took it for a burst would refuse clients that sent nothing too fast.

/** How often the loop should come by. */
export const TICK_MS = 100
/** A tick is a little late now and then. */
const JITTER_MS = 50

/** In all calls `elapsed` is the clock's `elapsed()` in milliseconds. */
export class Stalls {
  #tickedAt: number
  #stalledMs = 0

  constructor(elapsed: number) {
    this.#tickedAt = elapsed
  }

  /** MUST be called every `TICK_MS`, as far as the loop allows. */
  tick(elapsed: number): void {
    this.#stalledMs = this.upTo(elapsed)
    this.#tickedAt = elapsed
  }

  /** Milliseconds that it stood still so far, up to this very turn. Never less than before. */
  upTo(elapsed: number): number {
    const late = elapsed - this.#tickedAt - TICK_MS
    return late > JITTER_MS ? this.#stalledMs + late : this.#stalledMs
  }
}
