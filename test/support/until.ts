// Waits with a deadline. A wait that ends there says what it was for and where it stands, so that
// a leak is an error with a name and not a file that the runner gives up.

const LOOK_AGAIN_MS = 5
/** Far longer than a busy machine delays anything; half of what the runner gives to a file. */
const DEADLINE_MS = 60_000

interface Wait {
  /** What is awaited, for the error. */
  what: string
  ms?: number
}

/** Resolves when `holds` gives true. The error of the deadline quotes `holds` itself. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { what, ms = DEADLINE_MS }: Wait = { what: holds.toString() },
): Promise<void> {
  let isLate = false
  const look = async (): Promise<void> => {
    while (!isLate && !(await holds())) await new Promise((next) => setTimeout(next, LOOK_AGAIN_MS))
  }
  await within(look(), { what, ms }).finally(() => {
    isLate = true
  })
}

/** The outcome of `promise`, or an error at the deadline. */
export async function within<T>(promise: Promise<T>, { what, ms = DEADLINE_MS }: Wait): Promise<T> {
  const error = new Error(`waited ${ms / 1_000} s in vain: ${what}`)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(error), ms).unref()
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

interface Closing {
  once(event: 'close', listener: () => void): unknown
}

/** Resolves when it closes, with an error or without: unlike `once` of node:events. */
export function closed(closing: Closing): Promise<void> {
  const close = new Promise<void>((resolve) => closing.once('close', () => resolve()))
  return within(close, { what: `a ${closing.constructor.name} that closes` })
}
