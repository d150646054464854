// Waits for a condition. There is no deadline of its own: the test runner has one.

const LOOK_AGAIN_MS = 5

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
}

interface Closing {
  once(event: 'close', listener: () => void): unknown
}

/** Resolves when it closes, with an error or without: unlike `once` of node:events. */
export function closed(closing: Closing): Promise<void> {
  return new Promise((resolve) => closing.once('close', () => resolve()))
}
