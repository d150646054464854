// One clock for all processes of a run: CLOCK_MONOTONIC in microseconds, at the cost of a float.
import { hrtime } from 'node:process'

const TRIES = 10

/**
 * The largest of several differences: one that is interrupted between its two readings is too
 * small.
 */
const OFFSET = Math.max(
  ...Array.from({ length: TRIES }, () => Number(hrtime.bigint()) / 1e3 - performance.now() * 1e3),
)

/** Microseconds; comparable between processes of one machine. */
export function micros(): number {
  return performance.now() * 1e3 + OFFSET
}
