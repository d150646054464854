// Runs a few calls at once, for work that costs much by design. Further calls wait in a line for
// each holder, and the lines take turns: a holder with many calls delays its own. The caller bounds
// how many wait.

/** A call that runs or waits. */
export interface Place {
  /** Resolves when the call may run; rejects when it was given up. */
  readonly begun: Promise<void>
  /** Whether the call may run now. */
  readonly runs: boolean
  /** Ends waiting with this error; does nothing when the call runs already. */
  giveUp(error: Error): void
  /** MUST be called when the call has ended, or no longer waits. Calling it again does nothing. */
  end(): void
}

export class ConcurrencyLimit {
  readonly #atOnce: number
  /** By holder, in the order of their turns. */
  readonly #lines = new Map<string, Set<Waiting>>()
  #running = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Runs `work` when fewer than `atOnce` calls run and it is the holder's turn. */
  async pass<Result>(work: () => Promise<Result>, holder = ''): Promise<Result> {
    const place = this.enter(holder)
    try {
      if (!place.runs) await place.begun
      return await work()
    } finally {
      place.end()
    }
  }

  /** Stands in the holder's line; the turn begins at once when fewer than `atOnce` calls run. */
  enter(holder: string): Place {
    const waiting = new Waiting((ended) => this.#ended(holder, ended))
    if (this.#running < this.#atOnce) {
      this.#running += 1
      waiting.begin()
      return waiting
    }
    const line = this.#lines.get(holder) ?? new Set()
    line.add(waiting)
    this.#lines.set(holder, line)
    return waiting
  }

  #ended(holder: string, waiting: Waiting): void {
    if (!waiting.runs) return this.#remove(holder, waiting)
    const [next] = this.#lines
    if (next === undefined) {
      this.#running -= 1
      return
    }
    const [name, line] = next
    const [first] = line
    if (first === undefined) return
    this.#remove(name, first)
    // The holder's next call waits for the calls of all other holders.
    if (this.#lines.delete(name)) this.#lines.set(name, line)
    first.begin()
  }

  #remove(holder: string, waiting: Waiting): void {
    const line = this.#lines.get(holder)
    line?.delete(waiting)
    if (line?.size === 0) this.#lines.delete(holder)
  }
}

class Waiting implements Place {
  readonly begun: Promise<void>
  runs = false
  readonly #onEnd: (ended: Waiting) => void
  #begin: () => void = () => undefined
  #giveUp: (error: Error) => void = () => undefined
  #hasEnded = false

  constructor(onEnd: (ended: Waiting) => void) {
    this.#onEnd = onEnd
    this.begun = new Promise((resolve, reject) => {
      this.#begin = resolve
      this.#giveUp = reject
    })
    // A turn that was given up may have no reader of the promise yet.
    this.begun.catch(() => undefined)
  }

  begin(): void {
    this.runs = true
    this.#begin()
  }

  giveUp(error: Error): void {
    if (this.runs) return
    this.end()
    this.#giveUp(error)
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#onEnd(this)
  }
}
