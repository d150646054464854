// A connection for commands: the client library, which neither queues, nor connects again, nor
// sends anything twice.
import { isIP } from 'node:net'
import { createClient, RESP_TYPES } from '@redis/client'
import type { Access, Server } from './address.ts'
import type { Wire } from './connection.ts'
import { isRefused } from './errors.ts'
import type { Argument, Reply } from './link.ts'
import type { Script } from './scripts.ts'

export const CONNECT_MS = 3_000

export interface Sender {
  sendCommand(command: readonly Argument[]): Promise<Reply>
}

export interface CommandWire extends Wire, Sender {}

export function commandWire({ host, port }: Server, access: Access): CommandWire {
  const { tls, username, password } = access
  const security = tls ? ({ tls: true, servername: serverNameOf(host) } as const) : {}
  return createClient({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // RESP 2 has lists where RESP 3 has maps.
    RESP: 2,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: {
      typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer },
    },
    socket: { host, port, ...security, connectTimeout: CONNECT_MS, reconnectStrategy: false },
  }) as unknown as CommandWire
}

/** The name that the certificate must have; an address is not sent as a name. */
export function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host : ''
}

/** By its name; by its text where Redis says that it does not know the name. */
export async function runScript(
  sender: Sender,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Reply> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await sender.sendCommand(['EVALSHA', sha, ...rest])
  } catch (error) {
    if (!isRefused(error, 'NOSCRIPT')) throw error
    return await sender.sendCommand(['EVAL', text, ...rest])
  }
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
