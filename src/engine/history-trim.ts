// Lets go of messages that no room keeps any more, a few rooms at a time for ever, and in slices,
// so that no publisher waits long behind it. What is no longer kept is not shown meanwhile.
import type { Clock } from '../time/clock.ts'
import type { Trim, Trimmed } from './sqlite-trim.ts'

const EVERY_MS = 250

/** Messages per slice: some milliseconds of the writing thread. */
const SLICE = 2_000

export type TrimSlice = (trim: Trim) => Promise<Trimmed>

/** Returns how to stop. */
export function trimHistories(clock: Clock, slice: TrimSlice): () => void {
  let cursor = 0
  let running = false
  let stopped = false

  async function trim(): Promise<void> {
    let full = true
    while (full && !stopped) {
      const { cursor: next, deleted } = await slice({ now: clock.now(), rows: SLICE, cursor })
      cursor = next
      full = deleted >= SLICE
    }
  }

  const timer = clock.every(EVERY_MS, () => {
    if (running) return
    running = true
    const done = () => {
      running = false
    }
    // What could not be trimmed now is trimmed next time; the engine's health tells of the trouble.
    trim().then(done, done)
  })
  return () => {
    stopped = true
    timer.cancel()
  }
}
