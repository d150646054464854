// The names of rooms of which something is kept, in a set of their own. A room and its name may be
// on different servers: a name that is missing is written again by later messages of its room, and
// one too many is found by those who list it.
import type { KeptRoom, RoomQuery } from '../message-log.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { LogReads } from './log-reads.ts'

export interface RoomListParts {
  link: RedisLink
  keys: Keys
  reads: LogReads
}

export class RoomList {
  readonly #parts: RoomListParts
  readonly #key: string

  constructor(parts: RoomListParts) {
    this.#parts = parts
    this.#key = parts.keys.shared('rooms')
  }

  async add(room: string): Promise<void> {
    await this.#parts.link.send(this.#key, ['ZADD', this.#key, '0', room])
  }

  /** Names after `after`, by their bytes, which is by code points. */
  async names(after: string | null, limit: number): Promise<string[]> {
    const from = after === null ? '-' : `(${after}`
    const range = ['BYLEX', 'LIMIT', '0', String(limit)]
    const reply = await this.#parts.link.send(this.#key, ['ZRANGE', this.#key, from, '+', ...range])
    return (reply as Buffer[]).map(String)
  }

  async list({ after, limit }: Omit<RoomQuery, 'holder'>): Promise<KeptRoom[]> {
    const kept: KeptRoom[] = []
    let last = after
    for (;;) {
      const some = await this.names(last, limit - kept.length)
      const heads = await Promise.all(some.map((room) => this.#headOf(room)))
      for (const head of heads) if (head !== null) kept.push(head)
      last = some.at(-1) ?? null
      if (last === null || kept.length >= limit) return kept
    }
  }

  /** Takes out the name of a room of which nothing is kept; one that began meanwhile stays. */
  async remove(room: string): Promise<void> {
    const { link, reads } = this.#parts
    await link.send(this.#key, ['ZREM', this.#key, room])
    if (await reads.isKept(room, await reads.state(room))) await this.add(room)
  }

  async #headOf(room: string): Promise<KeptRoom | null> {
    const { reads } = this.#parts
    const state = await reads.state(room)
    const { epoch, offset } = state
    if (await reads.isKept(room, state)) return { room, head: { epoch, offset } }
    await this.remove(room)
    return null
  }
}
