// The only place where the page reads the time and sets timers, so that tests can control both.

/**
 * @typedef {{ cancel(): void }} Timer
 * @typedef {{ elapsed(): number, after(ms: number, run: () => void): Timer }} Clock
 */

/** @type {Clock} */
export const browserClock = {
  elapsed: () => performance.now(),
  after(ms, run) {
    const handle = setTimeout(run, ms)
    return { cancel: () => clearTimeout(handle) }
  },
}
