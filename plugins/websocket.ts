// Upgrades through Fastify's router, with Usher's bounds; connections are closed before the server.
import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ServerOptions } from 'ws'
import { drainTimes } from '../src/connection/drain.ts'
import { CLOSE } from '../src/protocol/errors.ts'
import { commandBytesOf, DEFAULT_LIMITS } from '../src/protocol/limits.ts'
import { chooseSubprotocol } from './transports/subprotocols.ts'
import { boundSilence, completeInjected } from './upgrade-timeout.ts'

/** How long ws waits for a client to answer a close. */
const CLOSE_TIMEOUT_MS = 1_000
/** Many libraries write fragments of 4 KB: those of a quarter of that are few enough [C180]. */
const FRAGMENTS_MIN = 128
const FRAGMENT_BYTES = 1_024
/** Frames of commands may be larger, and no client writes fragments of less than half of that. */
const COMMAND_FRAGMENT_BYTES = 2_048
/**
 * While a frame is not whole each piece that came of it takes 300 bytes more than it has (S43): it
 * has one for each TCP segment of half the least size, and in any case so many.
 */
const PIECES_MIN = 1_024
const PIECE_BYTES = 256

/** As ws has it; written out, since the package does not depend on the types of ws. */
type ChooseProtocol = (offered: Set<string>, request: IncomingMessage) => string | false

export interface WebSocketOptions {
  /** The largest message that your own sockets take, or Usher's `limits.messageBytes`. */
  messageBytes?: number
  /** Usher's `limits.commandBytes`, where it is not the default. */
  commandBytes?: number
  /** Chooses among the subprotocols of your own sockets; those of Usher are chosen before. */
  handleProtocols?: ChooseProtocol
}

/** What an application that registers @fastify/websocket itself must give it as `options`. */
export function websocketOptions(options: WebSocketOptions = {}) {
  const { handleProtocols, messageBytes, commandBytes } = { ...DEFAULT_LIMITS, ...options }
  // Connections that send plain frames are bound to `messageBytes` by themselves.
  const maxPayload = commandBytesOf({ messageBytes, commandBytes })
  return {
    maxPayload,
    maxFragments: Math.max(
      FRAGMENTS_MIN,
      Math.ceil(messageBytes / FRAGMENT_BYTES),
      Math.ceil(maxPayload / COMMAND_FRAGMENT_BYTES),
    ),
    maxBufferedChunks: Math.max(PIECES_MIN, Math.ceil(maxPayload / PIECE_BYTES)),
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
    handleProtocols: (offered: Set<string>, request: IncomingMessage) =>
      chooseSubprotocol(offered, request) || (handleProtocols?.(offered, request) ?? false),
  } satisfies ServerOptions & Record<string, unknown>
}

/** Closes every connection with the code for a shutdown, spread over what is left of the window. */
async function drain(app: FastifyInstance): Promise<void> {
  const { drainSeconds } = app.usherContext.config
  const windowMs = Math.max(0, drainSeconds * 1_000 - Math.round(app.connections.leavingMs))
  app.log.info({ connections: app.connections.size, windowMs }, 'draining')
  await app.connections.drain(CLOSE.shutdown, drainTimes(windowMs))
}

async function upgrades(app: FastifyInstance): Promise<void> {
  app.addHook('preClose', () => drain(app))
  app.server.prependListener('upgrade', completeInjected)
  if (app.hasPlugin('@fastify/websocket')) return
  const { messageBytes, commandBytes } = app.usherContext.config.limits
  const options = { ...websocketOptions({ messageBytes, commandBytes }), clientTracking: false }
  // The default would close sockets without code and reason; the drain has closed all by then.
  const preClose = (done: () => void): void => {
    app.websocketServer.close(() => done())
  }
  await app.register(websocket, { options, preClose })
  app.server.on('upgrade', boundSilence)
}

export default fp(upgrades, {
  name: 'usher-websocket',
  fastify: '5.x',
  dependencies: ['usher-rooms', 'usher-host-checks'],
})
