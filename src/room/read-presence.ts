// What one may ask of a room's presence: which connections are in it, how many, and which users.
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { ClientInfo } from '../protocol/event.ts'
import type { PresenceParts, PresenceView } from './presence.ts'
import type { Rule } from './rule.ts'

/** A user in a room, with what its newest connection shows. Null for all without a user. */
export interface UserPresence {
  user: string | null
  name: string | null
  connections: number
  /** JSON text, or null. */
  info: string | null
}

/**
 * Over all nodes. `open` is what this node knows of the room, if the room is open here. Rejects
 * with `notAvailable` where the rule switches presence off.
 */
export async function readPresence(
  parts: PresenceParts | null,
  room: { name: string; rule: Rule },
  open: PresenceView | null,
): Promise<PresenceView> {
  const { presence } = room.rule
  if (presence === false || parts === null) {
    throw new Refusal(REPLY.notAvailable, 'The rule of this room does not tell who is in it.')
  }
  if (open !== null) return open
  const entries = await parts.store.list(room.name)
  const isLarge = parts.membersMax !== null && entries.length > parts.membersMax
  return {
    connections: entries.length,
    users: new Set(entries.map(({ user }) => user)).size,
    clients: presence === 'counts' || isLarge ? null : entries,
  }
}

/** Throws `notAvailable` where only counts are told. */
export function clientsOf({ clients }: PresenceView): readonly ClientInfo[] {
  if (clients !== null) return clients
  throw new Refusal(REPLY.notAvailable, 'This room tells only how many are in it.')
}

/** In the order in which users came. */
export function byUser(clients: readonly ClientInfo[]): UserPresence[] {
  const users = new Map<string | null, UserPresence>()
  for (const { user, name, info } of clients) {
    const connections = (users.get(user)?.connections ?? 0) + 1
    users.set(user, { user, name, connections, info })
  }
  return [...users.values()]
}
