// What users and addresses have used of a day (UTC), counted in Redis: a hash of each, in the slot
// of its user or its /48, that is gone at midnight by the clock of Redis. A Redis that lost its
// data counts from nothing again.
import { EngineUnavailable } from '../engine.ts'
import type { RedisLink } from './link.ts'
import { script } from './scripts.ts'

const TAKE = script('take-of-day')
const GIVE_BACK = script('give-back-of-day')

/** One thing that is counted: of a user, of an address with its /48, or of all. */
export interface DayCounter {
  /** With one tag. */
  readonly keys: readonly [string, ...string[]]
  readonly field: 'bytes' | 'rooms' | 'keys'
  /** The most of each of `keys`. */
  readonly most: readonly number[]
  /** How much a node takes at once while much is left; 0 for no more than it needs. */
  readonly portion: number
  /** What a publisher is told when the day is used up. */
  over(msLeft: number): EngineUnavailable
}

export interface Taken {
  /** 0 where nothing was taken. */
  readonly amount: number
  /** Milliseconds until midnight. */
  readonly msLeft: number
  /** Whether no node may hold more than it needs, since another could use it. */
  readonly isNearEnd: boolean
}

export class DayCounts {
  readonly #link: RedisLink

  constructor(link: RedisLink) {
    this.#link = link
  }

  /**
   * Takes what is needed, or more. Rejects with EngineUnavailable while Redis is away: nothing was
   * kept, though what was to be counted may be.
   */
  async take({ keys, field, most, portion }: DayCounter, needed: number): Promise<Taken> {
    const args = [field, ...[needed, portion, ...most].map(String)]
    try {
      const answer = (await this.#link.run(TAKE, keys, args)) as [number, number, number]
      const [amount, msLeft, nearEnd] = answer
      return { amount, msLeft, isNearEnd: nearEnd === 1 }
    } catch (error) {
      throw error instanceof EngineUnavailable ? new EngineUnavailable(error.message) : error
    }
  }

  /** Where Redis is away it stays counted until midnight. */
  async giveBack({ keys, field }: DayCounter, amount: number): Promise<void> {
    await this.#link.run(GIVE_BACK, keys, [field, String(amount)]).catch(() => {})
  }
}
