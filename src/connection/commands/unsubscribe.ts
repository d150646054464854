// Leaves a room. What was published before the leave still reaches the client before the reply.
import type { UnsubscribeCommand } from '../../protocol/command.ts'
import type { Conversation } from './conversation.ts'

export function unsubscribe(conversation: Conversation, { id, room }: UnsubscribeCommand): void {
  conversation.memberships.leave(room)
  conversation.reply(id, { type: 'left' })
}
