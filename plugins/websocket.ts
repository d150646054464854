// Upgrades through Fastify's router, with our bounds, and connections closed before the server is.
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { CLOSE } from '../src/protocol/errors.ts'
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

async function upgrades(app: FastifyInstance): Promise<void> {
  const { config } = app.house
  const options = {
    maxPayload: config.limits.messageBytes,
    maxFragments: FRAGMENTS_MAX,
    closeTimeout: CLOSE_TIMEOUT_MS,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: chooseProtocol,
  }
  const preClose = (done: () => void): void => {
    const windowMs = config.drainSeconds * 1_000
    app.log.info({ connections: app.connections.size, windowMs }, 'draining')
    // Fastify would stop accepting only after this hook.
    app.server.close()
    app.connections
      .drain(CLOSE.shutdown, { spreadMs: windowMs * SPREAD, windowMs })
      .then(() => app.websocketServer.close(() => done()))
  }
  await app.register(websocket, { options, preClose })
}

export default fp(upgrades, {
  name: 'usher-websocket',
  fastify: '5.x',
  dependencies: ['usher-rooms'],
})
