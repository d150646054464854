// Calls a method by its name, with JSON. What the Centrifugal protocol has no command for is one.
import type { RpcCommand } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import type { Conversation } from './conversation.ts'
import { rpcPublish } from './rpc-publish.ts'
import { rpcLeave, rpcReceipt, rpcReceipts } from './rpc-receipts.ts'

/** Throws a Refusal, or answers later; a promise when later commands have to wait. */
type Method = (conversation: Conversation, command: RpcCommand) => Promise<void> | void

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['publish', rpcPublish],
  ['receipt', rpcReceipt],
  ['receipts', rpcReceipts],
  ['leave', rpcLeave],
])

export function rpc(conversation: Conversation, command: RpcCommand): Promise<void> | void {
  const method = METHODS.get(command.method)
  if (method !== undefined) return method(conversation, command)
  throw new Refusal(REPLY.notAvailable, `Usher has no method ${command.method}.`)
}
