// The status of all users, as every node has it in memory: read whole once, and then changed by
// what the feed tells. All of it is in one slot, so that a change and its news are one step.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { STATUS_CACHE_MAX } from '../memory/user-status-cache.ts'
import type { UserStatus } from '../user-status-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'
import { textOf, textsOf } from './replies.ts'
import { script } from './scripts.ts'

/** What is kept of a user. */
export interface FullStatus extends UserStatus {
  /** Sessions made at another value have ended; null where none has ended lately. */
  readonly generation: string | null
  /** The session that has not ended all the same. */
  readonly except: string | null
}

export type StatusChange =
  | { change: 'ban' | 'revoke'; at: number }
  | { change: 'unban' }
  | { change: 'end'; except: string | null }

export const GOOD: FullStatus = Object.freeze({
  ...{ bannedAt: null, revokedBefore: null, generation: null, except: null },
})

const CHANGE = script('change-status')
const READ_EVERY_MS = 500
/** The feed is behind, and Redis is asked, when it was not read to its end for so long. */
const FRESH_MS = 1_500
/** A node that was away for so many changes reads all again. */
const FEED_LENGTH = '100000'
const AT_ONCE = '1000'
const BEGINNING = '0-0'
/** Longer than any session lives: a record of an ended one that was left over is gone by then. */
const ENDED_KEPT_MS = String(31 * 86_400_000)

export interface FeedParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
}

export class UserStatusFeed {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #random: Random
  readonly #users: string
  readonly #feed: string
  readonly #ended: string
  readonly #stop: () => void
  #known: Map<string, FullStatus> | null = null
  /** The run of Redis that the status was read from, and the last entry of the feed. */
  #run = ''
  #last = BEGINNING
  /** When the feed was read to its end, by `elapsed`. */
  #readAt = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | null = null
  #isReading = false

  constructor({ link, keys, clock, random }: FeedParts) {
    this.#link = link
    this.#clock = clock
    this.#random = random
    this.#users = usersKey(keys)
    this.#feed = keys.shared('{status}:feed')
    this.#ended = keys.shared('{status}:ended')
    const timer = clock.every(READ_EVERY_MS, () => this.#poll())
    this.#stop = () => timer.cancel()
  }

  stop(): void {
    this.#stop()
  }

  /** From memory while the feed is read to its end, else from Redis. */
  async of(user: string): Promise<FullStatus> {
    const isFresh = this.#clock.elapsed() - this.#readAt <= FRESH_MS
    if (!isFresh || this.#known === null) return this.stored(user)
    return this.#known.get(user) ?? GOOD
  }

  /** As Redis has it now. */
  async stored(user: string): Promise<FullStatus> {
    return statusFrom(textOf(await this.#link.send(this.#users, ['HGET', this.#users, user])))
  }

  /** The same of some users, of at least one. */
  async storedOf(users: readonly string[]): Promise<FullStatus[]> {
    const reply = await this.#link.send(this.#users, ['HMGET', this.#users, ...users])
    return textsOf(reply).map(statusFrom)
  }

  /** Resolves when the change is stored; `readOn` then shows it on this node. */
  async change(user: string, change: StatusChange): Promise<void> {
    const generation = this.#random.bytes(6).toString('base64url')
    const at = 'at' in change ? String(change.at) : ''
    const except = ('except' in change ? change.except : null) ?? ''
    await this.#link.run(
      CHANGE,
      [this.#users, this.#feed, this.#ended],
      [user, change.change, at, generation, except, ENDED_KEPT_MS, FEED_LENGTH],
    )
  }

  /** Resolves when this node has what was in the feed at the call. */
  async readOn(): Promise<void> {
    await this.#loading
    const at = this.#clock.elapsed()
    const run = this.#link.runOf(this.#feed)
    if (this.#known === null || run !== this.#run) await this.#load(run)
    while (this.#known !== null && !(await this.#readSome(run))) {
      // The feed has more.
    }
    if (run === this.#run) this.#readAt = Math.max(this.#readAt, at)
  }

  async #poll(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    await this.readOn().catch(() => {})
    this.#isReading = false
  }

  /** Whether the feed was read to its end. Reads that overlap change nothing twice. */
  async #readSome(run: string): Promise<boolean> {
    const from = this.#last
    const command = ['XRANGE', this.#feed, from, '+', 'COUNT', AT_ONCE] as const
    const reply = await this.#link.send(this.#feed, command)
    if (run !== this.#run || this.#known === null) return true
    const entries = (Array.isArray(reply) ? reply : []).map(entryFrom)
    // The last entry that was read is still there, or the feed was cut since.
    if (from !== BEGINNING && entries[0]?.id !== from) {
      await this.#load(run)
      return false
    }
    for (const { id, user, status } of entries)
      if (isAfter(id, this.#last)) this.#hear(id, user, status)
    return entries.length < Number(AT_ONCE)
  }

  #hear(id: string, user: string, status: FullStatus): void {
    this.#last = id
    if (status === GOOD) this.#known?.delete(user)
    else this.#known?.set(user, status)
    if ((this.#known?.size ?? 0) > STATUS_CACHE_MAX) this.#known = null
  }

  #load(run: string): Promise<void> {
    this.#loading ??= this.#loadAll(run).finally(() => {
      this.#loading = null
    })
    return this.#loading
  }

  /** The feed's end is read first: what changes meanwhile comes after it, and is read again. */
  async #loadAll(run: string): Promise<void> {
    this.#known = null
    const newest = ['XREVRANGE', this.#feed, '+', '-', 'COUNT', '1'] as const
    const [last] = (await this.#link.send(this.#feed, newest)) as Reply[]
    const size = await this.#link.send(this.#users, ['HLEN', this.#users])
    if (Number(size) > STATUS_CACHE_MAX) return
    const known = new Map<string, FullStatus>()
    let cursor = '0'
    do {
      const scan = ['HSCAN', this.#users, cursor, 'COUNT', AT_ONCE] as const
      const [next, found] = (await this.#link.send(this.#users, scan)) as [Reply, Reply]
      const texts = textsOf(found)
      for (let at = 0; at < texts.length; at += 2) {
        known.set(texts[at] ?? '', statusFrom(texts[at + 1] ?? null))
      }
      cursor = String(next)
    } while (cursor !== '0')
    this.#last = last === undefined ? BEGINNING : entryFrom(last).id
    this.#run = run
    this.#known = known
  }
}

interface Entry {
  id: string
  user: string
  status: FullStatus
}

function entryFrom(entry: Reply): Entry {
  const [id, fields] = entry as [Reply, Reply]
  const [, user, , status] = textsOf(fields)
  return { id: String(id), user: user ?? '', status: statusFrom(status ?? null) }
}

/** What all nodes know of users: as JSON in a hash. */
export function usersKey(keys: Keys): string {
  return keys.shared('{status}:users')
}

/** The very GOOD where nothing is kept of a user. */
export function statusFrom(text: string | null): FullStatus {
  if (text === null || text === '{}') return GOOD
  const { bannedAt, revokedBefore, generation, except } = JSON.parse(text) as Partial<FullStatus>
  return {
    bannedAt: bannedAt ?? null,
    revokedBefore: revokedBefore ?? null,
    generation: generation ?? null,
    except: except || null,
  }
}

/** Ids of a stream are a time and a number. */
function isAfter(id: string, other: string): boolean {
  const [time = 0, number = 0] = id.split('-').map(Number)
  const [otherTime = 0, otherNumber = 0] = other.split('-').map(Number)
  return time === otherTime ? number > otherNumber : time > otherTime
}
