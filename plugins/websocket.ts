// Upgrades through Fastify's router, with our bounds, and connections closed before the server is.
import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ServerOptions } from 'ws'
import { CLOSE } from '../src/protocol/errors.ts'
import { DEFAULT_LIMITS } from '../src/protocol/limits.ts'
import { chooseSubprotocol } from './transports/subprotocols.ts'
import { boundSilence } from './upgrade-timeout.ts'

/** What is left of a connection when its client does not answer a close. */
const CLOSE_TIMEOUT_MS = 1_000
const FRAGMENTS_MAX = 128
/** The part of the drain window that closes are spread over; the rest is for their answers. */
const SPREAD = 0.8

/** As ws has it; written out, since the types of ws are not in what the package depends on. */
type ChooseProtocol = (offered: Set<string>, request: IncomingMessage) => string | false

export interface WebSocketOptions {
  /** The largest message that it takes. */
  messageBytes?: number
  /** Chooses among the subprotocols of your own sockets; those of Usher are chosen before. */
  handleProtocols?: ChooseProtocol
}

/** What an application that registers @fastify/websocket itself must give it as `options`. */
export function websocketOptions({ messageBytes, handleProtocols }: WebSocketOptions = {}) {
  return {
    maxPayload: messageBytes ?? DEFAULT_LIMITS.messageBytes,
    maxFragments: FRAGMENTS_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
    handleProtocols: (offered: Set<string>, request: IncomingMessage) =>
      chooseSubprotocol(offered, request) || (handleProtocols?.(offered, request) ?? false),
  } satisfies ServerOptions & Record<string, unknown>
}

/** Tells every connection why, spread over the window. */
async function drain(app: FastifyInstance): Promise<void> {
  const { drainSeconds } = app.usherContext.config
  const windowMs = drainSeconds * 1_000
  app.log.info({ connections: app.connections.size, windowMs }, 'draining')
  await app.connections.drain(CLOSE.shutdown, { spreadMs: windowMs * SPREAD, windowMs })
}

async function upgrades(app: FastifyInstance): Promise<void> {
  app.addHook('preClose', () => drain(app))
  if (app.hasPlugin('@fastify/websocket')) return
  const { messageBytes } = app.usherContext.config.limits
  const options = { ...websocketOptions({ messageBytes }), clientTracking: false }
  // Its own way of closing sends no code and no reason; ours has closed everybody by then.
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
