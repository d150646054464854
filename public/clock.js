// The page's only door to time and chance, so that tests can hold both.

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
