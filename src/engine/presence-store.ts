// The port for which connections are in a room now, over all nodes. The entries of a node belong to
// its lease: when the lease lapses they are gone together, so a dead node leaves nothing behind.
//
// Joins and leaves have a watcher of their own and do not come to the room's `Follower`: a rule may
// switch presence off, and a large room stops telling of it, while its messages go on; and no
// caller may rely on an order between a join and a message.

/** One connection in a room. Two of one user are two entries. */
export interface PresenceEntry {
  /** Unique over nodes. */
  connection: string
  /** Null for a connection without a user. */
  user: string | null
  /** The name that other users see, or null. */
  name: string | null
  /** What other users see besides, as JSON text, or null. */
  info: string | null
}

/**
 * Called for changes of a room's entries, on every node that watches the room. No method may throw.
 */
export interface PresenceWatcher {
  /** An entry is new, or has replaced the former entry of the same connection. */
  onEntered(entry: PresenceEntry): void
  /** An entry is gone: its connection left, or the lease that it belonged to lapsed. */
  onLeft(entry: PresenceEntry): void
  /** Changes may have been missed: a `list` that is asked from now on has the entries. */
  onGap(): void
}

/** Ends what `watch` began; calling it again does nothing. */
export interface Watch {
  stop(): void
}

/**
 * A change is in `list` of every node when its promise resolves; where it rejects, the change may
 * have been made. What one node asks for one connection takes effect in the order of the calls,
 * also where they are not waited for. Every watcher of the room is told within 2 s, in the order of
 * the changes of one connection. An implementation MUST tell of each change once, and MUST NOT tell
 * of a call that changed nothing. After a lapsed lease it MUST NOT enter a connection again for
 * which `leave` was called, whatever became of that call.
 */
export interface PresenceStore {
  /** Enters a connection of this node; entering it again replaces its entry. */
  enter(room: string, entry: PresenceEntry): Promise<void>
  /** Does nothing for a connection that is not in the room. */
  leave(room: string, connection: string): Promise<void>
  /** All entries of a room, in no order. Entries of a node without a lease MUST NOT be in it. */
  list(room: string): Promise<PresenceEntry[]>
  /**
   * Resolves when no later change of the room can be missed: `list` from then on and the calls of
   * the watcher together show every change. After `stop` no method of the watcher is called.
   */
  watch(room: string, watcher: PresenceWatcher): Promise<Watch>
}
