// Which connections are in one room, over all nodes: those of this node join and leave here at
// once, whatever the store does; the store's watcher tells of the others. Where the two may differ
// the store is listed, and what differs is put right on both sides.
import type {
  PresenceEntry,
  PresenceStore,
  PresenceWatcher,
  Watch,
} from '../engine/presence-store.ts'
import { clientInfo } from '../protocol/client-info.ts'
import type { ClientInfo, PresenceEvent } from '../protocol/event.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { Member } from './member.ts'
import { PresenceEntries } from './presence-entries.ts'
import type { PresenceMode, Rule } from './rule.ts'

/** `users` counts each user once, and all connections without a user as one more. */
export interface PresenceCounts {
  readonly connections: number
  readonly users: number
}

/** `clients` is null where the rule or the size of the room allows counts only. */
export interface PresenceView extends PresenceCounts {
  readonly clients: readonly ClientInfo[] | null
}

export interface PresenceParts {
  store: PresenceStore
  /** Whether a connection is or was one of this node, whose joins and leaves are known here. */
  isOurs(connection: string): boolean
  /** See `limits.presenceMembers`; null for any size. */
  membersMax: number | null
  /** The store could not be asked; it is asked until it can be. MUST NOT throw. */
  onFailure(error: unknown): void
}

/** A room whose members are told. */
export interface PresentRoom {
  readonly name: string
  readonly rule: Rule
  tell(event: PresenceEvent): void
}

export interface PresenceSetting {
  clock: Clock
  /** The store has taken all that it was told: a room without members may be closed. */
  onSettled(): void
}

/** How soon the store is asked again after a failure. */
const RETRY_MS = 1_000

/** Null where the rule switches presence off. */
export function presenceOf(
  room: PresentRoom,
  parts: PresenceParts & PresenceSetting,
): RoomPresence | null {
  const { presence: mode } = room.rule
  return mode === false ? null : new RoomPresence(room, mode, parts)
}

export class RoomPresence implements PresenceWatcher, PresenceView {
  readonly #room: PresentRoom
  readonly #mode: Exclude<PresenceMode, false>
  readonly #parts: PresenceParts & PresenceSetting
  readonly #entries: PresenceEntries
  readonly #ready = Promise.withResolvers<void>()
  #isReady = false
  #watch: Watch | null = null
  /** Calls of the store that are not answered yet. */
  #underWay = 0
  #isSyncing = false
  #mustSync = false
  #isStopped = false
  /** The store failed, and was not found to be in step since. */
  #hasFailed = false
  /** Connections of other nodes that changed while the store was being listed. */
  #changed: Set<string> | null = null

  constructor(
    room: PresentRoom,
    mode: Exclude<PresenceMode, false>,
    parts: PresenceParts & PresenceSetting,
  ) {
    this.#room = room
    this.#mode = mode
    this.#parts = parts
    this.#entries = new PresenceEntries({
      ...{ mode, membersMax: parts.membersMax },
      // What the first list shows was so before any member of this node joined.
      onChange: (type, client) => {
        if (this.#isReady) room.tell({ type, room: room.name, client })
      },
    })
    this.#sync()
  }

  /** Resolves when the members of other nodes are known, or could not be asked for. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get isSettled(): boolean {
    return this.#underWay === 0 && !this.#isSyncing
  }

  get connections(): number {
    return this.#entries.size
  }

  get users(): number {
    return this.#entries.users
  }

  get clients(): readonly ClientInfo[] | null {
    return this.#entries.told
  }

  /** Server keys do not appear. Entering again does nothing. */
  enter({ id, identity }: Member): void {
    if (identity.server !== null || this.#entries.has(id)) return
    const entry =
      this.#mode === 'members'
        ? clientInfo(id, identity)
        : { connection: id, user: identity.user, name: null, info: null }
    this.#entries.put(entry)
    this.#send(this.#parts.store.enter(this.#room.name, entry))
  }

  /** Does nothing for a member that did not enter. */
  leave({ id }: Member): void {
    if (!this.#entries.has(id)) return
    this.#entries.remove(id)
    this.#send(this.#parts.store.leave(this.#room.name, id))
  }

  onEntered(entry: PresenceEntry): void {
    if (this.#parts.isOurs(entry.connection)) return
    this.#changed?.add(entry.connection)
    this.#entries.put(entry)
  }

  onLeft({ connection }: PresenceEntry): void {
    if (this.#parts.isOurs(connection)) return
    this.#changed?.add(connection)
    this.#entries.remove(connection)
  }

  onGap(): void {
    this.#sync()
  }

  /** The room has closed, or this node is closing: the store is not asked any more. */
  stop(): void {
    this.#isStopped = true
    this.#watch?.stop()
  }

  /** Nothing waits for the store: what it could not take is put right by a list. */
  #send(call: Promise<void>): void {
    this.#underWay += 1
    call.then(this.#answered, this.#failed)
  }

  readonly #answered = (): void => {
    this.#underWay -= 1
    if (this.isSettled) this.#parts.onSettled()
  }

  readonly #failed = (error: unknown): void => {
    this.#underWay -= 1
    if (this.#isStopped) return
    this.#fail(error)
    this.#sync()
  }

  #sync(): void {
    this.#mustSync = true
    if (this.#isSyncing) return
    this.#isSyncing = true
    void this.#syncAll()
  }

  async #syncAll(): Promise<void> {
    while (this.#mustSync && !this.#isStopped) {
      this.#mustSync = false
      const failure = await this.#syncOnce().then(nothing, (error: unknown) => ({ error }))
      this.#isReady = true
      this.#ready.resolve()
      this.#hasFailed &&= failure !== undefined
      if (failure === undefined) continue
      this.#fail(failure.error)
      this.#mustSync = true
      await sleep(this.#parts.clock, RETRY_MS)
    }
    this.#isSyncing = false
    if (this.isSettled) this.#parts.onSettled()
  }

  /** An outage is one failure, however often the store is asked meanwhile. */
  #fail(error: unknown): void {
    if (!this.#hasFailed) this.#parts.onFailure(error)
    this.#hasFailed = true
  }

  async #syncOnce(): Promise<void> {
    const { store } = this.#parts
    const { name } = this.#room
    this.#watch ??= await store.watch(name, this)
    const changed = new Set<string>()
    this.#changed = changed
    try {
      const listed = await store.list(name)
      await Promise.all([...this.#missed(listed, changed), ...this.#lost(listed, changed)])
    } finally {
      this.#changed = null
    }
  }

  /** What is listed and not known here: what was told during the list is newer than the list. */
  *#missed(listed: PresenceEntry[], changed: ReadonlySet<string>): Iterable<Promise<void>> {
    const { store, isOurs } = this.#parts
    for (const entry of listed) {
      const { connection } = entry
      if (!isOurs(connection)) {
        if (!changed.has(connection)) this.#entries.put(entry)
      } else if (!this.#entries.has(connection)) yield store.leave(this.#room.name, connection)
    }
  }

  /** What is known here and not listed. */
  *#lost(listed: PresenceEntry[], changed: ReadonlySet<string>): Iterable<Promise<void>> {
    const { store, isOurs } = this.#parts
    const found = new Set(listed.map(({ connection }) => connection))
    for (const entry of this.#entries.all()) {
      const { connection } = entry
      if (found.has(connection) || changed.has(connection)) continue
      if (isOurs(connection)) yield store.enter(this.#room.name, entry)
      else this.#entries.remove(connection)
    }
  }
}

function nothing(): undefined {}
