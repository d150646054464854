// Which file runs which command, once the client is connected.
import type { Command } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import type { Conversation } from './conversation.ts'
import { history } from './history.ts'
import { presence } from './presence.ts'
import { publish } from './publish.ts'
import { refresh } from './refresh.ts'
import { rpc } from './rpc.ts'
import { send } from './send.ts'
import { subRefresh } from './sub-refresh.ts'
import { subscribe } from './subscribe.ts'
import { unsubscribe } from './unsubscribe.ts'

/** Commands that have another way: the first one, what is no command, and the answer to a ping. */
type Special = 'connect' | 'unreadable' | 'pong'

/**
 * Throws or rejects with what `Conversation.fail` takes. A promise when later commands have to wait
 * until it settles.
 */
export function runCommand(
  conversation: Conversation,
  command: Exclude<Command, { type: Special }>,
): Promise<void> | void {
  switch (command.type) {
    case 'subscribe':
      return subscribe(conversation, command)
    case 'unsubscribe':
      return unsubscribe(conversation, command)
    case 'publish':
      return publish(conversation, command)
    case 'rpc':
      return rpc(conversation, command)
    case 'send':
      return send(conversation, command)
    case 'presence':
    case 'presence-stats':
      return presence(conversation, command)
    case 'history':
      return history(conversation, command)
    case 'refresh':
      return refresh(conversation, command)
    case 'sub-refresh':
      return subRefresh(conversation, command)
    case 'unknown':
      throw new Refusal(REPLY.notAvailable, 'Usher has no such command.')
  }
}
