// What the watchers of one room on this node know of it. It tells them the leaves of a node that is
// gone, and keeps in lists what Redis lost, until the nodes had time to enter it again.
import type { PresenceEntry, PresenceWatcher, Watch } from '../presence-store.ts'
import { type Change, type Owned, readChanges } from './presence-message.ts'
import type { SeenNodes } from './seen-nodes.ts'

/** What was heard since a list began. */
interface ListUnderWay {
  /** Connections of which the watchers were told. */
  readonly told: Set<string>
  /** Those that were entered again, which is no news. */
  readonly again: Set<string>
}

export class PresenceMirror {
  readonly #nodes: SeenNodes
  readonly #watchers = new Set<{ watcher: PresenceWatcher }>()
  /** By connection. Empty while no watcher is there. */
  readonly #known = new Map<string, Owned>()
  readonly #lists = new Set<ListUnderWay>()
  /** False for a while after Redis became another run, which may have lost entries. */
  isSettled = true

  constructor(nodes: SeenNodes) {
    this.#nodes = nodes
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  get size(): number {
    return this.#known.size
  }

  /** `onLast` is called when the last watcher stops. */
  watch(watcher: PresenceWatcher, onLast: () => void): Watch {
    const watching = { watcher }
    this.#watchers.add(watching)
    return {
      stop: () => {
        if (!this.#watchers.delete(watching) || this.isWatched) return
        this.#known.clear()
        onLast()
      },
    }
  }

  hear(message: Buffer): void {
    for (const change of readChanges(message)) {
      if (this.#nodes.isGone(change.node)) continue
      if (change.type === 'left') this.#left(change)
      else this.#entered(change)
    }
  }

  tellGap(): void {
    for (const { watcher } of this.#watchers) watcher.onGap()
  }

  /** Tells the leaves of the entries that these nodes had, but for those of `own` connections. */
  buryNodes(gone: ReadonlySet<string>, own: ReadonlyMap<string, PresenceEntry>): void {
    for (const [connection, { node, entry }] of this.#known) {
      if (!gone.has(node) || own.has(connection)) continue
      this.#known.delete(connection)
      this.#tellLeft(entry)
    }
  }

  /** What is in the room, by what `read` finds in Redis. */
  async list(read: () => Promise<Map<string, Owned>>): Promise<PresenceEntry[]> {
    const list = { told: new Set<string>(), again: new Set<string>() }
    this.#lists.add(list)
    try {
      const listed = await read()
      await this.#judgeNodes(listed)
      if (this.isWatched) this.#reconcile(listed, list)
      return Array.from(listed.values(), ({ entry }) => entry)
    } finally {
      this.#lists.delete(list)
    }
  }

  /** Whether a node lives decides what becomes of its entries that Redis does not have. */
  async #judgeNodes(listed: ReadonlyMap<string, Owned>): Promise<void> {
    for (const [connection, { node }] of this.#known) {
      if (listed.has(connection) || this.#nodes.isLiving(node) || this.#nodes.isGone(node)) continue
      return this.#nodes.lookUp()
    }
  }

  /** What was told during the list is newer than the list, and not for the list to say. */
  #reconcile(listed: Map<string, Owned>, { told, again }: ListUnderWay): void {
    for (const [connection, known] of this.#known) {
      if (told.has(connection) || listed.has(connection)) continue
      const isThere = again.has(connection) || this.#mayComeAgain(known)
      if (isThere) listed.set(connection, known)
      else if (!this.#nodes.isGone(known.node)) this.#known.delete(connection)
    }
    for (const [connection, owned] of listed) {
      if (!told.has(connection)) this.#know(owned)
    }
  }

  /** Redis may have lost the entry, and its node has entered it again, or not had time to. */
  #mayComeAgain({ node }: Owned): boolean {
    if (this.#nodes.isGone(node)) return false
    return !this.isSettled || !this.#nodes.isLiving(node)
  }

  #entered(change: Change): void {
    const { node, entry } = change
    const former = this.#known.get(entry.connection)
    this.#know({ node, entry })
    if (former === undefined) return this.#tellEntered(entry)
    const isMoved = former.node !== node
    const isKnown = isMoved ? this.#nodes.isInGrace : !this.isSettled
    if (isKnown && isSame(former.entry, entry)) {
      for (const { again } of this.#lists) again.add(entry.connection)
      return
    }
    // A node that enters its connections under another id had lost its lease.
    if (isMoved && !this.#nodes.isInGrace) this.#tellLeft(former.entry)
    this.#tellEntered(entry)
  }

  #left({ node, entry }: Change): void {
    const former = this.#known.get(entry.connection)
    if (former !== undefined && former.node !== node) return
    this.#known.delete(entry.connection)
    this.#tellLeft(entry)
  }

  #know(owned: Owned): void {
    this.#nodes.saw(owned.node)
    this.#known.set(owned.entry.connection, owned)
  }

  #tellEntered(entry: PresenceEntry): void {
    for (const { told } of this.#lists) told.add(entry.connection)
    for (const { watcher } of this.#watchers) watcher.onEntered(entry)
  }

  #tellLeft(entry: PresenceEntry): void {
    for (const { told } of this.#lists) told.add(entry.connection)
    for (const { watcher } of this.#watchers) watcher.onLeft(entry)
  }
}

function isSame(one: PresenceEntry, other: PresenceEntry): boolean {
  return one.user === other.user && one.name === other.name && one.info === other.info
}
