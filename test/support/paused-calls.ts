// Pauses the calls of one method until a test releases them, to look at what happens meanwhile.

type AsyncMethod = (...args: never[]) => Promise<unknown>
type MethodNames<Shape> = {
  [Key in keyof Shape]: Shape[Key] extends AsyncMethod ? Key : never
}[keyof Shape]

export interface PausedCalls {
  /** Resolves when the first call has come. */
  reached: Promise<void>
  /** Lets all calls go on, and pauses no later ones. */
  release(): void
  /** Puts back what was there, for a shape that others use later. */
  restore(): void
}

/** Replaces the method on the object itself. */
export function pauseCalls<Shape extends object>(
  shape: Shape,
  name: MethodNames<Shape>,
): PausedCalls {
  const original = (shape[name] as AsyncMethod).bind(shape)
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const paused = async (...args: never[]): Promise<unknown> => {
    reached.resolve()
    await released.promise
    return original(...args)
  }
  Object.defineProperty(shape, name, { value: paused, configurable: true, writable: true })
  const restore = (): void => {
    Object.defineProperty(shape, name, { value: original, configurable: true, writable: true })
  }
  return { reached: reached.promise, release: () => released.resolve(), restore }
}
