// New rooms of users who may begin a few in a day. A room is begun only when that was counted: the
// first draft of a room that this node does not know asks whether the room exists, and those that
// come after it wait for the answer, so that none overtakes another.
import type { DayCounter, DayCounts } from './day-counts.ts'
import { type Append, isRefusal, type Kept } from './permit.ts'

/** Rooms that are known to exist; of others one more question is asked. */
const KNOWN_MAX = 50_000

export class NewRooms {
  readonly #counts: DayCounts
  readonly #known = new Set<string>()
  /** By room: drafts that wait until it is known whether it exists. */
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor(counts: DayCounts) {
    this.#counts = counts
  }

  /** Appends in the order of the calls for one room. */
  append<Answer extends Kept>(
    room: string,
    counter: DayCounter,
    append: Append<Answer>,
  ): Promise<Answer> {
    const waiting = this.#waiting.get(room)
    if (waiting !== undefined) {
      const { promise, resolve } = Promise.withResolvers<Answer>()
      waiting.push(() => resolve(this.append(room, counter, append)))
      return promise
    }
    return this.#known.has(room)
      ? this.#appendToKnown(room, counter, append)
      : this.#appendFirst(room, counter, append)
  }

  async #appendToKnown<Answer extends Kept>(
    room: string,
    counter: DayCounter,
    append: Append<Answer>,
  ): Promise<Answer> {
    const answer = await append('append')
    if (answer !== null) return answer
    // The room was deleted: what is said in it now may come in another order.
    this.#known.delete(room)
    return this.append(room, counter, append)
  }

  async #appendFirst<Answer extends Kept>(
    room: string,
    counter: DayCounter,
    append: Append<Answer>,
  ): Promise<Answer> {
    this.#waiting.set(room, [])
    try {
      const answer = (await append('append')) ?? (await this.#begin(counter, append))
      this.#note(room)
      return answer
    } finally {
      const waiting = this.#waiting.get(room) ?? []
      this.#waiting.delete(room)
      // Where the room still is not known, the first of them asks, and the others wait for it.
      for (const goOn of waiting) goOn()
    }
  }

  async #begin<Answer extends Kept>(counter: DayCounter, append: Append<Answer>): Promise<Answer> {
    const { amount, msLeft } = await this.#counts.take(counter, 1)
    if (amount === 0) throw counter.over(msLeft)
    try {
      const answer = (await append('begin')) as Answer
      const isFirst = !answer.repeated && answer.position?.offset === 1
      if (!isFirst) this.#counts.giveBack(counter, 1)
      return answer
    } catch (error) {
      if (isRefusal(error)) await this.#counts.giveBack(counter, 1)
      throw error
    }
  }

  #note(room: string): void {
    this.#known.add(room)
    if (this.#known.size <= KNOWN_MAX) return
    const [oldest] = this.#known
    this.#known.delete(oldest as string)
  }
}
