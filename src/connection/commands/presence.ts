// Which connections are in a room, and how many. The right to join is needed, not a membership.
import type { PresenceCommand } from '../../protocol/command.ts'
import type { Conversation } from './conversation.ts'
import { outboxRoom } from './outbox-room.ts'

export async function presence(
  conversation: Conversation,
  { id, type, room }: PresenceCommand,
): Promise<void> {
  const { rooms, identity, connection } = conversation
  if (type === 'presence') {
    await outboxRoom(connection)
    const clients = await rooms.presence(room, identity, connection.holder)
    return conversation.reply(id, { type, clients })
  }
  const counts = await rooms.presenceCounts(room, identity)
  conversation.reply(id, { type, ...counts })
}
