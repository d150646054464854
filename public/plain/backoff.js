// How long to wait before a reconnect: exponential, with full jitter, so that a thousand pages that
// are cut in one instant do not reconnect in one instant.

const FIRST_MS = 1_000
const CAP_MS = 20_000

/**
 * Milliseconds to wait after so many failures in a row; the first wait is random too.
 * @param {number} failures
 * @param {() => number} random
 */
export function backoffMs(failures, random = Math.random) {
  return Math.round(random() * Math.min(CAP_MS, FIRST_MS * 2 ** failures))
}
