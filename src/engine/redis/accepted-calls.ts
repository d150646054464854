// The calls that an engine has accepted: some ask Redis several times, one after the other, and an
// engine that closes finishes them.
import { EngineUnavailable } from '../engine.ts'
import { CLOSED } from './errors.ts'

type Method = (...args: unknown[]) => unknown

export class AcceptedCalls {
  readonly #underWay = new Set<Promise<unknown>>()
  #isClosed = false

  /** The same store, whose calls are turned away once this is closed. */
  of<Store extends object>(store: Store): Store {
    // Made once for each method: they are asked for with every connection.
    const methods = new Map<unknown, Method>()
    return new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        const made = methods.get(value)
        if (made !== undefined) return made
        if (typeof value !== 'function') return value
        const bound = value.bind(target) as Method
        const method = (...args: unknown[]) => this.#call(bound, args)
        methods.set(value, method)
        return method
      },
    })
  }

  /** Resolves when none is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#underWay)
  }

  #call(method: Method, args: unknown[]): unknown {
    if (this.#isClosed) return Promise.reject(new EngineUnavailable(CLOSED))
    const answer = method(...args)
    if (!(answer instanceof Promise)) return answer
    this.#underWay.add(answer)
    const end = () => this.#underWay.delete(answer)
    answer.then(end, end)
    return answer
  }
}
