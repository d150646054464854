// Closing all connections of a node: spread over a window, so that their clients do not all connect
// to the other nodes at once.
import type { CloseCode } from '../protocol/errors.ts'
import { type Clock, sleep } from '../time/clock.ts'

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
