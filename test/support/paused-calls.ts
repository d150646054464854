// Holds the calls of one method until a test lets them go, to look at what happens meanwhile.

type AsyncMethod = (...args: never[]) => Promise<unknown>
type MethodNames<Shape> = {
  [Key in keyof Shape]: Shape[Key] extends AsyncMethod ? Key : never
}[keyof Shape]

export interface HeldCalls {
  /** Resolves when the first call has come. */
  reached: Promise<void>
  /** Lets all calls go on, and holds no more of them. */
  letGo(): void
}

/** Replaces the method on the object itself. */
export function holdCalls<Shape extends object>(shape: Shape, name: MethodNames<Shape>): HeldCalls {
  const original = (shape[name] as AsyncMethod).bind(shape)
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const held = async (...args: never[]): Promise<unknown> => {
    reached.resolve()
    await gate.promise
    return original(...args)
  }
  Object.defineProperty(shape, name, { value: held, configurable: true, writable: true })
  return { reached: reached.promise, letGo: () => gate.resolve() }
}
