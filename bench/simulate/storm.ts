// Clients that lost their connections and come back to one node, each with the wait of the SDKs.
// Nodes are alike, so that one stands for all; each client is one in the model.
import type { Chance } from './chance.ts'

export interface Storm {
  /** How many come to this node. */
  readonly comers: number
  /** Over how many seconds they lose their connections: 0 for a death, else a drain. */
  readonly spread: number
  /** Seconds in which no node takes a connection, from the first loss. */
  readonly down: number
  /** `handshakesPerSecond` of the node. */
  readonly admitted: number
  /** Whether those over that wait for their turn, as event streams do, and are not refused. */
  readonly waits: boolean
  /** The share of a core that the node has for them. */
  readonly free: number
  /** Microseconds that a connection, and one that is refused, take of that. */
  readonly connect: number
  readonly refuse: number
  /** Connections a second that Redis carries for this node; Infinity for all. */
  readonly carried: number
}

export interface StormFigures {
  /** Seconds from the first loss until 99 % and all are back. */
  readonly mostBack: number
  readonly allBack: number
  /** Handshakes in the worst second, and how many of all were refused. */
  readonly peak: number
  readonly refused: number
  /** Connections that were made in the worst second. */
  readonly peakMade: number
}

/** Of the Centrifugal SDKs: at random up to twice as long after each failure. */
const WAIT = { least: 0.5, most: 20 }
const STEP = 0.01
/** Where not all are back by then, they never are. */
const LONGEST = 3_600

interface Comer {
  failures: number
}

export function storm(parts: Storm, chance: Chance): StormFigures {
  const due = new Schedule()
  for (let at = 0; at < parts.comers; at += 1) {
    const lost = chance.share() * parts.spread
    due.add(lost + waitAfter(0, chance), { failures: 0 })
  }
  const node = new Door(parts)
  const handshakes = new Map<number, number>()
  const made: number[] = []
  let refused = 0
  for (let now = 0; made.length < parts.comers && now < LONGEST; now += STEP) {
    if (now >= parts.down) node.step(now, made)
    for (const comer of due.take(now)) {
      const isUp = now >= parts.down
      if (isUp) count(handshakes, now)
      if (isUp && node.admit()) continue
      if (isUp) refused += 1
      comer.failures += 1
      due.add(now + waitAfter(comer.failures, chance), comer)
    }
  }
  const perSecond = new Map<number, number>()
  for (const at of made) count(perSecond, at)
  return {
    ...{ mostBack: made[Math.floor(made.length * 0.99)] ?? Number.NaN, refused },
    allBack: made.length < parts.comers ? Number.POSITIVE_INFINITY : (made.at(-1) ?? 0),
    peak: Math.max(0, ...handshakes.values()),
    peakMade: Math.max(0, ...perSecond.values()),
  }
}

/** The node: a bound on how many begin in a second, and a core that makes one after the other. */
class Door {
  readonly #parts: Storm
  #tokens: number
  #waiting = 0
  /** Connections that are due to be made, in parts. */
  #credit = 0

  constructor(parts: Storm) {
    this.#parts = parts
    this.#tokens = parts.admitted
  }

  step(now: number, made: number[]): void {
    const { admitted, waits, free, connect } = this.#parts
    const carried = Math.min(this.#parts.carried, waits ? admitted : Number.POSITIVE_INFINITY)
    this.#tokens = Math.min(admitted, this.#tokens + admitted * STEP)
    this.#credit += STEP * Math.min((free * 1e6) / connect, carried)
    while (this.#credit >= 1 && this.#waiting > 0) {
      this.#credit -= 1
      this.#waiting -= 1
      made.push(now)
    }
    // What was not used is over.
    this.#credit = Math.min(this.#credit, 1)
  }

  admit(): boolean {
    const isAdmitted = this.#parts.waits || this.#tokens >= 1
    if (isAdmitted) {
      this.#tokens -= 1
      this.#waiting += 1
    } else {
      this.#credit -= this.#parts.refuse / this.#parts.connect
    }
    return isAdmitted
  }
}

/** Clients by the step in which they come. */
class Schedule {
  readonly #steps = new Map<number, Comer[]>()
  #taken = -1

  add(at: number, comer: Comer): void {
    const step = Math.max(this.#taken + 1, Math.floor(at / STEP))
    const comers = this.#steps.get(step)
    if (comers) comers.push(comer)
    else this.#steps.set(step, [comer])
  }

  take(now: number): readonly Comer[] {
    this.#taken = Math.round(now / STEP)
    const comers = this.#steps.get(this.#taken) ?? []
    this.#steps.delete(this.#taken)
    return comers
  }
}

function waitAfter(failures: number, chance: Chance): number {
  const { least, most } = WAIT
  return Math.min(most, least + chance.share() * Math.min(most, least * 2 ** failures))
}

function count(counts: Map<number, number>, at: number): void {
  const second = Math.floor(at)
  counts.set(second, (counts.get(second) ?? 0) + 1)
}
