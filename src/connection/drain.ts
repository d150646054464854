// Closing all connections of a node: spread over a window, so that their clients do not all connect
// to the other nodes at once.
import type { CloseCode } from '../protocol/errors.ts'
import { type Clock, sleep } from '../time/clock.ts'

/** The part of the drain window in which a node with others only says that it will close [C361]. */
const NOTICE = 0.4
const NOTICE_MAX_MS = 6_000
/** The part of the rest that closes are spread over; after that clients answer them. */
const SPREAD = 0.8

/**
 * For how many milliseconds a node still takes clients after it said that it will close: a proxy
 * looks that up every second or two, and would send them to a closed port until then. None where
 * there is no other node that the proxy could choose.
 */
export function noticeMs(windowMs: number, otherNodes: number): number {
  return otherNodes === 0 ? 0 : Math.min(NOTICE_MAX_MS, windowMs * NOTICE)
}

/** How the closes are spread over what is left of the drain window. */
export function drainTimes(windowMs: number): DrainTimes {
  return { spreadMs: windowMs * SPREAD, windowMs }
}

/** How long closing may take in all, and over how much of that the closes are spread. */
export interface DrainTimes {
  spreadMs: number
  windowMs: number
}

/** Closes come in steps of this many milliseconds, at least so many connections in each. */
const STEP_MS = 50
const STEP_MIN = 20

interface Closable {
  close(code: CloseCode): void
  terminate(): void
}

/**
 * Closes the connections of `open` and waits until they have ended. A connection that is still
 * open at the end of the window is terminated.
 */
export async function drain(
  open: ReadonlySet<Closable>,
  code: CloseCode,
  { spreadMs, windowMs, clock }: DrainTimes & { clock: Clock },
): Promise<void> {
  const deadline = clock.elapsed() + windowMs
  const waiting = [...open]
  const steps = Math.max(1, Math.floor(spreadMs / STEP_MS))
  const perStep = Math.max(STEP_MIN, Math.ceil(waiting.length / steps))
  while (waiting.length > 0) {
    for (const connection of waiting.splice(0, perStep)) connection.close(code)
    if (waiting.length > 0) await sleep(clock, STEP_MS)
  }
  while (open.size > 0 && clock.elapsed() < deadline) await sleep(clock, STEP_MS)
  for (const connection of open) connection.terminate()
}
