// The quotas of a day over all nodes (S45): what a draft takes of them before it is appended, and
// what it gives back where it was not kept. Nearly all drafts take of portions that this node
// holds, and are appended at once.
import type { Clock } from '../../time/clock.ts'
import type { Bounds } from '../bounds.ts'
import { EngineUnavailable } from '../engine.ts'
import type { Holder } from '../shares.ts'
import { DayCounters } from './day-counters.ts'
import { DayCounts } from './day-counts.ts'
import type { DayPortion } from './day-portion.ts'
import { DayUses } from './day-uses.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { NewRooms } from './new-rooms.ts'
import { type Append, isRefusal, type Kept, type Quotas, type Wish } from './permit.ts'

interface Need {
  readonly portion: DayPortion
  readonly amount: number
}

/** A draft that waits for a portion; told why it gets none. */
interface Waiting {
  readonly needs: readonly Need[]
  goOn(over: Error | null): void
}

export interface DailyQuotasParts {
  readonly link: RedisLink
  readonly keys: Keys
  readonly clock: Clock
}

export class DailyQuotas implements Quotas {
  readonly #uses: DayUses
  readonly #rooms: NewRooms
  /** By holder: drafts in the order in which they came. */
  readonly #lines = new Map<string, Waiting[]>()

  constructor(bounds: Bounds, { link, keys, clock }: DailyQuotasParts) {
    const counts = new DayCounts(link)
    this.#uses = new DayUses({ counters: new DayCounters(bounds, keys), counts, clock })
    this.#rooms = new NewRooms(counts)
  }

  /** Of how many users and addresses this node holds portions, for tests of clean-up. */
  get holders(): number {
    return this.#uses.size
  }

  within<Answer extends Kept>(wish: Wish, append: Append<Answer>): Promise<Answer> {
    const needs = this.#needsOf(wish)
    const line = lineOf(wish.holder)
    const waiting = this.#lines.get(line)
    if (waiting === undefined && takeAll(needs)) return this.#keep(wish, needs, append)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const goOn = (over: Error | null) => {
      if (over === null) resolve(this.#keep(wish, needs, append))
      else answerKnown(wish, append, over).then(resolve, reject)
    }
    if (waiting !== undefined) waiting.push({ needs, goOn })
    else this.#serve(line, [{ needs, goOn }])
    return promise
  }

  /** Gives back what this node holds and did not use. */
  close(): Promise<void> {
    return this.#uses.close()
  }

  async #serve(line: string, waiting: Waiting[]): Promise<void> {
    this.#lines.set(line, waiting)
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const over = takeAll(first.needs) ? null : await takeMore(first.needs)
      waiting.shift()
      first.goOn(over)
    }
    this.#lines.delete(line)
  }

  async #keep<Answer extends Kept>(
    wish: Wish,
    needs: readonly Need[],
    append: Append<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await this.#append(wish, append)
      if (answer.repeated) await restore(needs)
      return answer
    } catch (error) {
      if (isRefusal(error)) await restore(needs)
      throw error
    }
  }

  #append<Answer extends Kept>({ room, holder }: Wish, append: Append<Answer>): Promise<Answer> {
    const rooms = room === null ? null : (this.#payerOf(holder)?.rooms ?? null)
    if (room === null || rooms === null) return append('begin') as Promise<Answer>
    return this.#rooms.append(room, rooms, append)
  }

  /** In the order in which they are refused. Server keys take of the keys of all alone. */
  #needsOf({ holder, bytes, hasKey }: Wish): Need[] {
    const { user, address, server } = holder
    const needs: Need[] = []
    const { servers, others } = this.#uses.keys
    if (hasKey) need(needs, server === null ? others : servers, 1)
    if (server !== null) return needs
    if (hasKey && user !== null) need(needs, this.#uses.ofUser(user).keys, 1)
    if (hasKey && address !== null) need(needs, this.#uses.ofAddress(address).keys, 1)
    need(needs, this.#payerOf(holder)?.bytes ?? null, bytes)
    return needs
  }

  /** Whose day it is: the user's, else the address's; null for server keys and exempt addresses. */
  #payerOf({ user, address, server }: Holder) {
    if (server !== null) return null
    if (user !== null) return this.#uses.ofUser(user)
    return address === null ? null : this.#uses.ofAddress(address)
  }
}

function need(needs: Need[], portion: DayPortion | null, amount: number): void {
  if (portion !== null) needs.push({ portion, amount })
}

/** Users, addresses and server keys are told apart by more than their names. */
function lineOf({ user, address, server }: Holder): string {
  if (server !== null) return `server ${server}`
  return user === null ? `address ${address}` : `user ${user}`
}

function takeAll(needs: readonly Need[]): boolean {
  if (!needs.every(({ portion, amount }) => portion.has(amount))) return false
  for (const { portion, amount } of needs) portion.take(amount)
  return true
}

/** Takes all of it or nothing; returns why not. */
async function takeMore(needs: readonly Need[]): Promise<Error | null> {
  for (const [at, { portion, amount }] of needs.entries()) {
    if (portion.has(amount)) {
      portion.take(amount)
      continue
    }
    const over = await portion.takeMore(amount).catch(errorOf)
    if (over === null) continue
    await restore(needs.slice(0, at))
    return over
  }
  return null
}

async function restore(needs: readonly Need[]): Promise<void> {
  await Promise.all(needs.map(({ portion, amount }) => portion.restore(amount)))
}

/** What was published before with the same key has its answer over a quota too. */
async function answerKnown<Answer extends Kept>(
  { hasKey }: Wish,
  append: Append<Answer>,
  over: Error,
): Promise<Answer> {
  const isOverQuota = over instanceof EngineUnavailable && over.full !== null
  const known = hasKey && isOverQuota ? await append('repeat') : null
  if (known === null) throw over
  return known
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
