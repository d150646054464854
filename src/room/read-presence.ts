// What one may ask of a room's presence, over all nodes: which connections are in it, how many they
// are, and which users. It needs the right to join, and counts for the rate of what is read (S44).
import { type Holder, holderOf } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { ClientInfo } from '../protocol/event.ts'
import type { Identity } from '../protocol/identity.ts'
import type { PresenceCounts, PresenceParts, PresenceView } from './presence.ts'
import type { ReadRate } from './read-rate.ts'
import type { RoomCounts } from './room.ts'
import type { Rule } from './rule.ts'

/** A user in a room, with what its newest connection shows. */
export interface UserPresence {
  /** Null for all connections without a user together. */
  user: string | null
  name: string | null
  connections: number
  /** JSON text, or null. */
  info: string | null
}

/** `members` is null where the rule or the size of the room allows counts only. */
export interface RoomMembers extends PresenceCounts {
  members: UserPresence[] | null
}

export interface PresenceReadsParts {
  /** Null where rooms have no presence, whatever their rules say. */
  presence: PresenceParts | null
  readRate: ReadRate
  /** The rule of a room, for an identity that may join it; null is the application itself. */
  ruleFor(room: string, identity: Identity | null): Promise<Rule>
  /** What this node knows of a room that is open here. */
  openIn(room: string): PresenceView | null
}

/** About what a client takes in an answer, beside its info. */
const CLIENT_BYTES = 128

export class PresenceReads {
  readonly #parts: PresenceReadsParts

  constructor(parts: PresenceReadsParts) {
    this.#parts = parts
  }

  /** Rejects with `notAvailable` where the rule or the size of the room allows counts only. */
  async clients(room: string, identity: Identity, holder?: Holder): Promise<readonly ClientInfo[]> {
    return this.#read(holder ?? holderOf(identity, null), async () => {
      const { clients } = await this.#look(room, identity)
      if (clients === null) throw notAvailable('This room tells only how many are in it.')
      return { answer: clients, bytes: bytesOf(clients) }
    })
  }

  /** Rejects with `notAvailable` where the rule switches presence off. */
  async counts(room: string, identity: Identity): Promise<PresenceCounts> {
    const { connections, users } = await this.#look(room, identity)
    return { connections, users }
  }

  async members(room: string, identity: Identity | null): Promise<RoomMembers> {
    const { connections, users, clients } = await this.#look(room, identity)
    return { members: clients && byUser(clients), connections, users }
  }

  /** The same as JSON. */
  async membersJson(room: string, identity: Identity, holder: Holder): Promise<Buffer> {
    return this.#read(holder, async () => {
      const answer = jsonOf(await this.members(room, identity))
      return { answer, bytes: answer.length }
    })
  }

  /** For the state of a room with this rule; null without presence. */
  async roomCounts(room: string, rule: Rule): Promise<RoomCounts | null> {
    const found = await this.#find(room, rule)
    return found && { members: found.connections, users: found.users }
  }

  async #find(room: string, { presence: mode }: Rule): Promise<PresenceView | null> {
    const { presence, openIn } = this.#parts
    if (mode === false || presence === null) return null
    const open = openIn(room)
    if (open !== null) return open
    const entries = await presence.store.list(room)
    const { membersMax } = presence
    const isLarge = membersMax !== null && entries.length > membersMax
    return {
      connections: entries.length,
      users: new Set(entries.map(({ user }) => user)).size,
      clients: mode === 'counts' || isLarge ? null : entries,
    }
  }

  async #look(room: string, identity: Identity | null): Promise<PresenceView> {
    const found = await this.#find(room, await this.#parts.ruleFor(room, identity))
    if (found !== null) return found
    throw notAvailable('The rule of this room does not tell who is in it.')
  }

  async #read<Answer>(
    holder: Holder,
    run: () => Promise<{ answer: Answer; bytes: number }>,
  ): Promise<Answer> {
    const { readRate } = this.#parts
    const reached = readRate.over(holder)
    if (reached !== null) throw reached.refusal
    const { answer, bytes } = await run()
    readRate.charge(holder, bytes)
    return answer
  }
}

function notAvailable(sentence: string): Refusal {
  return new Refusal(REPLY.notAvailable, sentence)
}

function bytesOf(clients: readonly ClientInfo[]): number {
  return clients.reduce((sum, { info }) => sum + CLIENT_BYTES + (info?.length ?? 0), 0)
}

/** In the order in which users came. */
function byUser(clients: readonly ClientInfo[]): UserPresence[] {
  const users = new Map<string | null, UserPresence>()
  for (const { user, name, info } of clients) {
    const connections = (users.get(user)?.connections ?? 0) + 1
    users.set(user, { user, name, connections, info })
  }
  return [...users.values()]
}

/** What users show is JSON text already, and goes out as it is. */
function jsonOf({ members, connections, users }: RoomMembers): Buffer {
  const list = members?.map(
    ({ info, ...user }) => `${JSON.stringify(user).slice(0, -1)},"info":${info}}`,
  )
  const told = list === undefined ? 'null' : `[${list.join(',')}]`
  return Buffer.from(`{"members":${told},"connections":${connections},"users":${users}}`)
}
