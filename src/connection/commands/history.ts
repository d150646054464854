// A page of a room's history. The right to join is needed, not a membership.
import type { HistoryCommand } from '../../protocol/command.ts'
import type { Conversation } from './conversation.ts'
import { outboxRoom } from './outbox-room.ts'

export async function history(
  conversation: Conversation,
  { id, room, limit, since, isReverse }: HistoryCommand,
): Promise<void> {
  const { rooms, identity, connection, format } = conversation
  await outboxRoom(connection)
  const { items, position } = await rooms.history(room, identity, {
    ...{ limit, since, isReverse, holder: connection.holder, replies: format.replies },
  })
  conversation.reply(id, { type: 'history', items, position })
}
