// Entries of presence as text: in the hash of a room, and in what its watchers are told.
import type { PresenceEntry } from '../presence-store.ts'

/** An entry, and the node whose lease it belongs to. */
export interface Owned {
  readonly node: string
  readonly entry: PresenceEntry
}

export interface Change extends Owned {
  readonly type: 'entered' | 'left'
}

/** The name of an entry in the hash. */
export function fieldOf(node: string, connection: string): string {
  return `${node}|${connection}`
}

/** JSON without a line end. */
export function textOf({ user, name, info }: PresenceEntry): string {
  return JSON.stringify([user, name, info])
}

export function readEntry(field: string, text: string): Owned {
  const split = field.indexOf('|')
  const [user, name, info] = JSON.parse(text) as (string | null)[]
  const connection = field.slice(split + 1)
  const entry = { connection, user: user ?? null, name: name ?? null, info: info ?? null }
  return { node: field.slice(0, split), entry }
}

/** In the order in which they were made. */
export function* readChanges(message: Buffer): Iterable<Change> {
  for (const line of message.toString().split('\n')) {
    const split = line.indexOf(' ')
    const owned = readEntry(line.slice(1, split), line.slice(split + 1))
    yield { ...owned, type: line.startsWith('+') ? 'entered' : 'left' }
  }
}
