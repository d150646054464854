// Data that is for the server and not answered: it counts as a message, and Usher does nothing else
// with it.
import type { SendCommand } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import type { Conversation } from './conversation.ts'

/** Throws a Refusal when it comes too fast. */
export function send({ connection }: Conversation, { data }: SendCommand): void {
  connection.countMessage(data.length)
  if (connection.identity.server !== null) return
  const limit = connection.take(data.length, connection.connections.clock.elapsed())
  if (limit === null) return
  throw new Refusal(REPLY.tooManyRequests, 'Too many messages: wait a second.', 1, limit)
}
