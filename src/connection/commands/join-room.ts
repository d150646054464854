// Joining a room, asked by the client or by the server: what was missed is read while live messages
// are held back, and then the reply and the live messages begin in one step.
import type { Position } from '../../protocol/message.ts'
import type { Membership as Joined } from '../../protocol/reply.ts'
import type { Membership } from '../membership.ts'
import type { Joining } from '../memberships.ts'
import type { Conversation } from './conversation.ts'

export interface JoinRequest extends Joining {
  /** The position that the client has; null for what is published from now on. */
  after: Position | null
  secondsLeft: number | null
  /**
   * Sends the reply. What it throws ends the membership, and is what `joinRoom` rejects with. Not
   * called where the membership or the connection has ended meanwhile.
   */
  answer(joined: Joined): void
}

/**
 * Becomes a member, and answers with what was missed. False when the membership or the connection
 * ended before the reply. Rejects with EngineUnavailable, and is then no member.
 */
export async function joinRoom(
  conversation: Conversation,
  { after, secondsLeft, answer, ...joining }: JoinRequest,
): Promise<boolean> {
  const { memberships } = conversation
  const membership = memberships.add(joining)
  const { room } = joining.hold
  const plain = { secondsLeft, wasRecovering: after !== null, recovered: false, items: [] }
  try {
    if (room.history === null) {
      answer({ ...plain, position: null, redactions: null, state: room.companion?.state })
      // The reply may have cut the client as slow.
      if (memberships.begins(membership)) room.join(membership)
      return true
    }
    const found = await recovered(conversation, membership, after)
    if (!memberships.is(membership)) return false
    answer({ ...plain, ...found })
    if (memberships.begins(membership)) room.release(membership, found.position)
    return true
  } catch (error) {
    if (memberships.is(membership)) memberships.leave(room.name)
    throw error
  }
}

/** What the member has missed. It is held back, and MUST be released in the step of the answer. */
function recovered(
  { connection, format }: Conversation,
  membership: Membership,
  from: Position | null,
) {
  const { room } = membership.hold
  const buffer = room.holdBack(membership)
  const { holder } = connection
  return room.recover(buffer, { from, holder, replies: format.replies })
}
