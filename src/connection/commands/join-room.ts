// Joining a room, asked by the client or by the server: what was missed is read while live messages
// are held back, and the reply and the live messages begin in one step.
import type { Position } from '../../protocol/message.ts'
import type { Membership as Joined } from '../../protocol/reply.ts'
import type { Joining } from '../memberships.ts'
import type { Conversation } from './conversation.ts'

/** A membership that is brought up to date. */
export interface Prepared {
  readonly joined: Joined
  /** MUST be called in the step in which `joined` is sent, after that. */
  begin(): void
}

export interface JoinRequest extends Joining {
  /** The position that the client has; null for what is published from now on. */
  after: Position | null
  secondsLeft: number | null
}

/**
 * Becomes a member, and reads what was missed. Rejects with EngineUnavailable, and is then no
 * member. Null when the membership or the connection has ended meanwhile. The caller MUST go on in
 * the step in which this resolves.
 */
export async function joinRoom(
  { connection, memberships, format }: Conversation,
  { after, secondsLeft, ...joining }: JoinRequest,
): Promise<Prepared | null> {
  const membership = memberships.add(joining)
  const { room } = joining.hold
  const plain = { secondsLeft, wasRecovering: after !== null, recovered: false, items: [] }
  if (room.history === null) {
    const joined = { ...plain, position: null, redactions: null }
    const begin = (): void => {
      // The reply may have cut the client as slow.
      if (memberships.begins(membership)) room.join(membership)
    }
    return { joined, begin }
  }
  const buffer = room.holdBack(membership)
  try {
    const { holder } = connection
    const { replies } = format
    const found = await room.recover(buffer, { from: after, holder, replies })
    if (!memberships.is(membership)) return null
    const { position, recovered, redactions, items } = found
    const joined = { ...plain, position, recovered, redactions, items }
    const begin = (): void => {
      if (memberships.begins(membership)) room.release(membership, position)
    }
    return { joined, begin }
  } catch (error) {
    if (memberships.is(membership)) memberships.leave(room.name)
    throw error
  }
}
