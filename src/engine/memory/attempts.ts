// Failed attempts, counted in one process. Each call has its effect before it returns.
import type { Clock } from '../../time/clock.ts'
import type { AttemptKey, AttemptStore, Attempts } from '../attempt-store.ts'

/**
 * Entries held at most of each kind: failures, and addresses of a success. Each costs the hash of a
 * password, of which the process makes about as many in the time after which a failure is forgotten
 * anyway: a stranger with many addresses can hardly push out what others hold.
 */
const HELD_MAX = 50_000

interface Failures {
  count: number
  /** When the last failure was, and when all failures are forgotten, on the clock's `elapsed`. */
  at: number
  until: number
}

/** What is held for one kind of key; both maps have the oldest entry first. */
class Held {
  readonly failures = new Map<string, Failures>()
  readonly cameFrom = new Map<string, string>()
}

export class MemoryAttempts implements AttemptStore {
  readonly #clock: Clock
  readonly #held: Record<AttemptKey['kind'], Held> = { address: new Held(), account: new Held() }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async of({ kind, name }: AttemptKey): Promise<Attempts> {
    const held = this.#held[kind]
    const failures = this.#failuresOf(held, name)
    return {
      failed: failures?.count ?? 0,
      agoMs: failures === undefined ? 0 : this.#clock.elapsed() - failures.at,
      cameFrom: held.cameFrom.get(name) ?? null,
    }
  }

  async failed({ kind, name }: AttemptKey, forgetMs: number): Promise<void> {
    const held = this.#held[kind]
    const count = (this.#failuresOf(held, name)?.count ?? 0) + 1
    const at = this.#clock.elapsed()
    putLast(held.failures, name, { count, at, until: at + forgetMs })
  }

  async succeeded({ kind, name }: AttemptKey, cameFrom: string): Promise<void> {
    const held = this.#held[kind]
    held.failures.delete(name)
    putLast(held.cameFrom, name, cameFrom)
  }

  #failuresOf({ failures }: Held, name: string): Failures | undefined {
    const found = failures.get(name)
    if (found === undefined || this.#clock.elapsed() < found.until) return found
    failures.delete(name)
    return undefined
  }
}

/** A map keeps the order of insertion: when it is full the oldest goes. */
function putLast<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name)
  map.set(name, value)
  const [oldest] = map.keys()
  if (map.size > HELD_MAX && oldest !== undefined) map.delete(oldest)
}
