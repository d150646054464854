// Periodic work, done a slice at a time, so that no other call waits long behind it.
import type { Clock } from '../../time/clock.ts'

/** Does a part of the work; true when there is more to do now. */
export type Slice = () => Promise<boolean>

/** Does each of `slices` to its end every `ms`, never twice at a time. Returns how to stop. */
export function inSlices(clock: Clock, ms: number, slices: readonly Slice[]): () => void {
  let running = false
  let stopped = false

  async function all(): Promise<void> {
    for (const slice of slices) {
      let more = true
      while (more && !stopped) more = await slice()
    }
  }

  const timer = clock.every(ms, () => {
    if (running) return
    running = true
    const done = () => {
      running = false
    }
    // A slice that failed is done next time; the engine's health tells of the trouble.
    all().then(done, done)
  })
  return () => {
    stopped = true
    timer.cancel()
  }
}
