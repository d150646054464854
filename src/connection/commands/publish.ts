// Publishes a message, and answers when it was accepted. Later commands do not wait for that.
import type { PublishCommand } from '../../protocol/command.ts'
import type { Content } from '../../protocol/content-from-json.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import type { Draft } from '../../protocol/message.ts'
import { companionedBy, isRoomName } from '../../protocol/names.ts'
import type { Conversation } from './conversation.ts'

export function publish(
  conversation: Conversation,
  { id, room, kind, payload }: PublishCommand,
): void {
  const draft = draftOf(conversation, room, { kind, payload })
  const published = conversation.rooms.publish(room ?? '', conversation, draft)
  if (!(published instanceof Promise)) {
    return conversation.reply(id, { type: 'published', ...published })
  }
  published.then(
    ({ position, time }) => conversation.reply(id, { type: 'published', position, time }),
    (error: unknown) => conversation.fail(id, error, room),
  )
}

/** Counts the message, and throws a Refusal where it names no room. */
export function draftOf(
  { connection }: Conversation,
  room: string | null,
  { kind, payload }: Content,
): Draft {
  connection.countMessage(payload.length)
  if (!isRoomName(room) && companionedBy(room) === null)
    throw new Refusal(REPLY.badRequest, 'There is no room of such a name.')
  return { kind, payload, user: null, name: null, origin: connection.id }
}
