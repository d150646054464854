// An event loop as a discrete model, of a node or of Redis: each turn takes all that has come
// meanwhile, and writes once to each socket concerned. The more there is to do, the longer a turn
// lasts, and the more is gathered in it.

export interface Job {
  /** When it comes, in microseconds. */
  readonly at: number
  readonly micros: number
  /** What is written to in the same turn: equal numbers are the same. */
  readonly touched: readonly number[]
}

export interface LoopCosts {
  /** Microseconds of a turn, whatever is done in it. */
  readonly turn: number
  /** The first touch of something in a turn, and each further one. */
  first(touched: number): number
  again(touched: number): number
}

export interface LoopFigures {
  /** The share of the time in which it works. */
  readonly busy: number
  /** Microseconds of CPU for each job. */
  readonly microsEach: number
  /** Milliseconds from when a job comes to the end of its turn. */
  readonly p50: number
  readonly p99: number
}

/** Runs jobs that are in the order of their times. */
export function runLoop(jobs: readonly Job[], costs: LoopCosts): LoopFigures {
  const waits = new Float64Array(jobs.length)
  const touches = new Touches(costs)
  let now = 0
  let work = 0
  for (let next = 0; next < jobs.length; ) {
    now = Math.max(now, jobs[next]?.at ?? 0)
    const first = next
    touches.beginTurn()
    let micros = costs.turn
    for (let job = jobs[next]; job !== undefined && job.at <= now; job = jobs[next]) {
      micros += job.micros + touches.microsOf(job.touched)
      next += 1
    }
    now += micros
    work += micros
    for (let at = first; at < next; at += 1) waits[at] = now - (jobs[at]?.at ?? 0)
  }
  waits.sort()
  const quantile = (share: number) => (waits[Math.floor(waits.length * share)] ?? 0) / 1_000
  const took = Math.max(now, jobs.at(-1)?.at ?? 0)
  return {
    ...{ busy: work / took, microsEach: work / jobs.length },
    ...{ p50: quantile(0.5), p99: quantile(0.99) },
  }
}

/** What was touched in this turn already. */
class Touches {
  readonly #costs: LoopCosts
  readonly #lastTurn = new Map<number, number>()
  #turn = 0

  constructor(costs: LoopCosts) {
    this.#costs = costs
  }

  beginTurn(): void {
    this.#turn += 1
  }

  microsOf(touched: readonly number[]): number {
    let micros = 0
    for (const each of touched) {
      const isAgain = this.#lastTurn.get(each) === this.#turn
      micros += isAgain ? this.#costs.again(each) : this.#costs.first(each)
      if (!isAgain) this.#lastTurn.set(each, this.#turn)
    }
    return micros
  }
}
