// Which connections are in which rooms, for an engine of one process. The node's lease lasts as
// long as the process, so it cannot lapse.
import type { PresenceEntry, PresenceStore, PresenceWatcher, Watch } from '../presence-store.ts'

export class MemoryPresence implements PresenceStore {
  readonly #entries = new Map<string, Map<string, PresenceEntry>>()
  readonly #watchers = new Map<string, Set<PresenceWatcher>>()

  async enter(room: string, entry: PresenceEntry): Promise<void> {
    let entries = this.#entries.get(room)
    if (entries === undefined) {
      entries = new Map()
      this.#entries.set(room, entries)
    }
    const former = entries.get(entry.connection)
    if (former !== undefined && isSame(former, entry)) return
    entries.set(entry.connection, entry)
    for (const watcher of this.#watchers.get(room) ?? []) watcher.onEntered(entry)
  }

  async leave(room: string, connection: string): Promise<void> {
    const entries = this.#entries.get(room)
    const entry = entries?.get(connection)
    if (entries === undefined || entry === undefined) return
    entries.delete(connection)
    if (entries.size === 0) this.#entries.delete(room)
    for (const watcher of this.#watchers.get(room) ?? []) watcher.onLeft(entry)
  }

  async list(room: string): Promise<PresenceEntry[]> {
    return [...(this.#entries.get(room)?.values() ?? [])]
  }

  async watch(room: string, watcher: PresenceWatcher): Promise<Watch> {
    const watchers = this.#watchers.get(room) ?? new Set()
    this.#watchers.set(room, watchers.add(watcher))
    return {
      stop: () => {
        watchers.delete(watcher)
        if (watchers.size === 0 && this.#watchers.get(room) === watchers) {
          this.#watchers.delete(room)
        }
      },
    }
  }
}

/** Tells whether an entry changes nothing. */
function isSame(one: PresenceEntry, other: PresenceEntry): boolean {
  return one.user === other.user && one.name === other.name && one.info === other.info
}
