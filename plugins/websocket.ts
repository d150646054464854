// Upgrades through Fastify's router, with our bounds, and connections closed before the server is.
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ServerOptions } from 'ws'
import { CLOSE } from '../src/protocol/errors.ts'
import { DEFAULT_LIMITS } from '../src/protocol/limits.ts'
import { SUBPROTOCOLS } from '../src/wire/formats.ts'

/** What is left of a connection when its client does not answer a close. */
const CLOSE_TIMEOUT_MS = 1_000
const FRAGMENTS_MAX = 128
/** The part of the drain window that closes are spread over; the rest is for their answers. */
const SPREAD = 0.8

/** Never the client's first offer, which may be a credential (S8). */
function chooseProtocol(offered: Set<string>): string | false {
  for (const protocol of offered) if (SUBPROTOCOLS.has(protocol)) return protocol
  return false
}

/**
 * What the WebSocket server must be told, also by an application that registers it itself.
 * `messageBytes` is the largest message that it takes.
 */
export function websocketOptions(messageBytes: number = DEFAULT_LIMITS.messageBytes) {
  return {
    maxPayload: messageBytes,
    maxFragments: FRAGMENTS_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: chooseProtocol,
  } satisfies ServerOptions & Record<string, unknown>
}

/** Closes every connection with a reason, spread over the window, and stops accepting at once. */
async function drain(app: FastifyInstance): Promise<void> {
  const { config, clock } = app.house
  const windowMs = config.drainSeconds * 1_000
  app.log.info({ connections: app.connections.size, windowMs }, 'draining')
  // Fastify would stop accepting only after this hook.
  app.server.close()
  // Half a request would hold closing up for as long as its sender likes [C65].
  clock.after(windowMs, () => app.server.closeAllConnections())
  await app.connections.drain(CLOSE.shutdown, { spreadMs: windowMs * SPREAD, windowMs })
}

async function upgrades(app: FastifyInstance): Promise<void> {
  app.addHook('preClose', () => drain(app))
  if (app.hasPlugin('@fastify/websocket')) return
  const options = websocketOptions(app.house.config.limits.messageBytes)
  // Its own way of closing sends no code and no reason; ours has closed everybody by then.
  const preClose = (done: () => void): void => {
    app.websocketServer.close(() => done())
  }
  await app.register(websocket, { options, preClose })
}

export default fp(upgrades, {
  name: 'usher-websocket',
  fastify: '5.x',
  dependencies: ['usher-rooms'],
})
