// The connections in one room as this node knows them: counted, and told to members up to a size.
import type { PresenceEntry } from '../engine/presence-store.ts'
import type { PresenceMode } from './rule.ts'
import { countUser } from './user-count.ts'

export interface PresenceEntriesParts {
  mode: Exclude<PresenceMode, false>
  /** Above it joins and leaves are not told; null for any size. */
  membersMax: number | null
  /** An entry came or went, while the rule and the size of the room let that be told. */
  onChange(type: 'joined' | 'left', entry: PresenceEntry): void
}

/** A room that was too large tells of joins again below this part of the greatest size. */
const SMALL_AGAIN = 0.75

export class PresenceEntries {
  readonly #parts: PresenceEntriesParts
  /** In the order of joining, as far as this node knows it. */
  readonly #entries = new Map<string, PresenceEntry>()
  /** How many connections each user has, `''` for none; counted once `users` was read. */
  #users: Map<string, number> | null = null
  #isLarge = false

  constructor(parts: PresenceEntriesParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#entries.size
  }

  /** Each user counts once, and all connections without a user as one more. */
  get users(): number {
    this.#users ??= this.#countUsers()
    return this.#users.size
  }

  /** Null where the rule or the size of the room allows counts only. */
  get told(): readonly PresenceEntry[] | null {
    return this.#areTold ? this.all() : null
  }

  get #areTold(): boolean {
    return this.#parts.mode === 'members' && !this.#isLarge
  }

  all(): readonly PresenceEntry[] {
    return [...this.#entries.values()]
  }

  get(connection: string): PresenceEntry | undefined {
    return this.#entries.get(connection)
  }

  has(connection: string): boolean {
    return this.#entries.has(connection)
  }

  /** Does nothing where the connection has this very entry; else it replaces the former one. */
  put(entry: PresenceEntry): void {
    const former = this.#entries.get(entry.connection)
    if (former !== undefined) {
      if (isSame(former, entry)) return
      countUser(this.#users, former.user ?? '', -1)
    }
    this.#entries.set(entry.connection, entry)
    countUser(this.#users, entry.user ?? '', 1)
    this.#changed('joined', entry)
  }

  remove(connection: string): void {
    const entry = this.#entries.get(connection)
    if (entry === undefined) return
    this.#entries.delete(connection)
    countUser(this.#users, entry.user ?? '', -1)
    this.#changed('left', entry)
  }

  /** The change that makes a room too large is not told, and the one that makes it small is. */
  #changed(type: 'joined' | 'left', entry: PresenceEntry): void {
    const { membersMax, onChange } = this.#parts
    const { size } = this.#entries
    if (membersMax !== null) {
      if (size > membersMax) this.#isLarge = true
      else if (size < membersMax * SMALL_AGAIN) this.#isLarge = false
    }
    if (this.#areTold) onChange(type, entry)
  }

  #countUsers(): Map<string, number> {
    const users = new Map<string, number>()
    for (const { user } of this.#entries.values()) countUser(users, user ?? '', 1)
    return users
  }
}

/** Tells whether an entry changes nothing. */
function isSame(one: PresenceEntry, other: PresenceEntry): boolean {
  return one.user === other.user && one.name === other.name && one.info === other.info
}
