// The port for who is in a room, over all nodes. Entries belong to this node's lease: when the
// lease lapses they are gone together, so a dead node leaves nobody behind.

export interface PresenceEntry {
  connection: string
  user: string
  /** JSON text that travels with the user, or null. */
  info: string | null
}

export interface PresenceStore {
  enter(room: string, entry: PresenceEntry): Promise<void>
  leave(room: string, connection: string): Promise<void>
  list(room: string): Promise<PresenceEntry[]>
}
