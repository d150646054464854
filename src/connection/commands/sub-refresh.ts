// Renews the right of a membership that was asked with a ticket.
import type { SubRefreshCommand } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import type { Conversation } from './conversation.ts'
import { secondsLeft } from './seconds-left.ts'

export async function subRefresh(
  conversation: Conversation,
  { id, room, token }: SubRefreshCommand,
): Promise<void> {
  const { connection, identity, memberships, proofs } = conversation
  if (!memberships.hasRight(room)) {
    throw new Refusal(REPLY.badRequest, 'You did not join this room with a ticket.')
  }
  const { clock } = connection.connections
  const since = Math.floor(clock.elapsed())
  const right = await proofs.ticketFor(token, identity.user, room)
  if (connection.connections.wasRevoked(right, since)) {
    throw new Refusal(REPLY.forbidden, 'The session of this ticket has ended.')
  }
  // The membership may have ended meanwhile, which the client was told.
  if (memberships.hasRight(room)) memberships.renew(room, right)
  const left = secondsLeft(right, clock.now())
  conversation.reply(id, { type: 'sub-refreshed', secondsLeft: left })
}
