// Whether the application that we are about to live in fits, said at boot in a sentence that tells
// what to do, rather than at the first client that is treated wrongly.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../src/config.ts'

/** More than this in one message is memory that any client could take. */
const PAYLOAD_MAX = 16_777_216

/** Give this to `Fastify({ http: { shouldUpgradeCallback } })`: only WebSockets are upgrades. */
export function shouldUpgradeCallback({ headers }: IncomingMessage): boolean {
  return /^websocket$/i.test(headers.upgrade ?? '')
}

/** Throws an Error whose message says what the application must do. */
export function checkHost(app: FastifyInstance, config: Config): void {
  if (app.hasDecorator('house')) {
    throw new Error('Usher is registered twice in this application: register it once.')
  }
  checkUpgrades(app)
  if (app.hasPlugin('@fastify/websocket')) checkWebSocketServer(app, config)
}

/** Without it Node takes `Upgrade: h2c`, which some HTTP clients send, for a WebSocket. */
function checkUpgrades(app: FastifyInstance): void {
  const server = app.server as { shouldUpgradeCallback?: (request: unknown) => boolean }
  const request = (upgrade: string) => ({ headers: { upgrade } })
  const takes = (upgrade: string) => server.shouldUpgradeCallback?.(request(upgrade)) ?? false
  if (takes('websocket') && !takes('h2c')) return
  throw new Error(
    'Usher needs Fastify to upgrade WebSockets and nothing else: make it with ' +
      "Fastify({ http: { shouldUpgradeCallback } }), which is exported from 'usher'.",
  )
}

function checkWebSocketServer(app: FastifyInstance, config: Config): void {
  const { maxPayload = 0, perMessageDeflate, handleProtocols } = app.websocketServer.options
  const advice = "register @fastify/websocket with { options: websocketOptions() } from 'usher'"
  if (maxPayload < config.limits.messageBytes || maxPayload > PAYLOAD_MAX) {
    throw new Error(`Your WebSocket server takes messages of ${maxPayload} bytes: ${advice}.`)
  }
  if (perMessageDeflate) {
    throw new Error(`Your WebSocket server compresses, and Usher writes plain frames: ${advice}.`)
  }
  const offered = new Set(['usher.ticket.x', 'usher.raw'])
  if (handleProtocols?.(offered, {} as IncomingMessage) !== 'usher.raw') {
    throw new Error(`Your WebSocket server would answer with a credential: ${advice}.`)
  }
}
