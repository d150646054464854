// The real clock. The only file of src/ that calls Date.now, setTimeout and setImmediate.
import type { Clock, Timer } from './clock.ts'

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

/** The clock of a running server. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after,
  every,
  endOfTurn: (run) => {
    setImmediate(run)
  },
}
