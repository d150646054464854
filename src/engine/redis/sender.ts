// What is asked of Redis on one connection.
import { isRefused } from './errors.ts'
import type { Argument, Reply } from './link.ts'
import type { Script } from './scripts.ts'

export interface Sender {
  sendCommand(command: readonly Argument[]): Promise<Reply>
}

/** By its name; by its text where Redis says that it does not know the name. */
export function runScript(
  sender: Sender,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Reply> {
  const command: Argument[] = ['EVALSHA', sha, String(keys.length)]
  for (const key of keys) command.push(key)
  for (const argument of args) command.push(argument)
  return sender.sendCommand(command).catch((error) => {
    if (!isRefused(error, 'NOSCRIPT')) throw error
    return sender.sendCommand(['EVAL', text, ...command.slice(2)])
  })
}

/** Sends each command to a server that has its slot only in part yet. */
export function asking(sender: Sender): Sender {
  return {
    sendCommand: (command) => {
      sender.sendCommand(['ASKING']).catch(() => {})
      return sender.sendCommand(command)
    },
  }
}
