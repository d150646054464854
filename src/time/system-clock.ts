// The real clock. The only file of src/ that calls Date.now, setTimeout and setImmediate.
import type { Clock, Timer } from './clock.ts'
import { Stalls, TICK_MS } from './stalls.ts'

function after(ms: number, run: () => void): Timer {
  const handle = setTimeout(run, ms)
  handle.unref()
  return { cancel: () => clearTimeout(handle) }
}

function every(ms: number, run: () => void): Timer {
  const handle = setInterval(run, ms)
  handle.unref()
  return { cancel: () => clearInterval(handle) }
}

/** Made when it is first asked for: a process that limits no rates has no such timer. */
let stalls: Stalls | null = null

function stalled(elapsed: number): number {
  if (stalls === null) {
    const watch = new Stalls(elapsed)
    every(TICK_MS, () => watch.tick(performance.now()))
    stalls = watch
  }
  return stalls.upTo(elapsed)
}

/** The clock of a running server. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  stalled,
  after,
  every,
  endOfTurn: (run) => {
    setImmediate(run)
  },
}
