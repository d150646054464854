// Calls of one kind that are gathered while one is under way, and go to the writing thread
// together: one call, and with what else waits there one commit, serves them all.
import { EngineUnavailable } from '../engine.ts'

export interface GatheredCall {
  reject(error: Error): void
}

export interface GatheredParts<Call extends GatheredCall> {
  /** How much one call is. */
  sizeOf(call: Call): number
  /** Calls of so much go together; one alone may be more. */
  most: number
  /** They are sent now, and do not wait any longer. MUST NOT throw. */
  begin(calls: readonly Call[]): void
  /** Sends them, and answers each. */
  send(calls: readonly Call[]): Promise<void>
}

export class Gathered<Call extends GatheredCall> {
  readonly #parts: GatheredParts<Call>
  #waiting: Call[] = []
  #underway: readonly Call[] = []
  #working: Promise<void> | null = null

  constructor(parts: GatheredParts<Call>) {
    this.#parts = parts
  }

  /** Calls that were not sent yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  add(call: Call): void {
    this.#waiting.push(call)
    this.#next()
  }

  /** Resolves when every call that was added so far has its answer. */
  async settled(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  /** The store does not answer: what waits is not done, and what is under way may be. */
  giveUp(reason: string): void {
    const waiting = this.#waiting.splice(0)
    this.#parts.begin(waiting)
    refuse(waiting, new EngineUnavailable(reason))
    refuse(this.#underway, new EngineUnavailable(reason, null, 'unknown'))
  }

  #next(): void {
    if (this.#working !== null || this.#waiting.length === 0) return
    // In this turn, so that the thread gathers it with what else there is: one commit for all.
    this.#working = Promise.resolve()
      .then(() => this.#send())
      .finally(() => {
        this.#underway = []
        this.#working = null
        this.#next()
      })
  }

  async #send(): Promise<void> {
    const calls = this.#take()
    if (calls.length === 0) return
    this.#underway = calls
    this.#parts.begin(calls)
    await this.#parts.send(calls).catch((error) => refuse(calls, error))
  }

  #take(): Call[] {
    const { sizeOf, most } = this.#parts
    let size = 0
    let count = 0
    for (const call of this.#waiting) {
      size += sizeOf(call)
      if (count > 0 && size > most) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }
}

function refuse(calls: readonly GatheredCall[], error: Error): void {
  for (const { reject } of calls) reject(error)
}
