// Whether the application that we are about to live in fits, said at boot in a sentence that tells
// what to do, rather than at the first client that is treated wrongly.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/environment.ts'

/** More than this in one message is memory that any client could take. */
const PAYLOAD_MAX = 16_777_216
/** The longest room name and user id; Fastify by itself cuts parameters at 100. */
const PARAMETER_MIN = 128
/** How long an upgrade that came to nothing may stay open. */
const SILENCE_MS = 30_000

const served = new WeakSet<object>()

/**
 * Give this to `Fastify({ http: { shouldUpgradeCallback } })`: only WebSockets are upgrades, and
 * only without a body. A handshake that announces one stays an ordinary request, since Node would
 * hand its listeners a stream that is no `net.Socket`, and what they do to it ends the process
 * (S41).
 */
export function shouldUpgradeCallback({ headers }: IncomingMessage): boolean {
  return asksForWebSocket(headers) && !announcesBody(headers)
}

/** Whether a request asks to become a WebSocket, in whatever form. */
export function asksForWebSocket({ upgrade = '' }: IncomingHttpHeaders): boolean {
  return /^websocket$/i.test(upgrade)
}

/** RFC 9112 section 6.3: a request has a body when one of these two headers says so. */
export function announcesBody(headers: IncomingHttpHeaders): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers
  return coding !== undefined || !/^0+$/.test(length)
}

/**
 * Node no longer looks after a socket that asked for an upgrade, and the application's routes
 * answer it as any other: then it has to be ended. Where the application has its own
 * @fastify/websocket, that one does it.
 */
export function endUpgrades(app: FastifyInstance): void {
  if (app.hasPlugin('@fastify/websocket')) return
  app.addHook('onResponse', async ({ raw }) => {
    if (shouldUpgradeCallback(raw)) raw.socket.destroySoon()
  })
}

/** The same for routes that no hook of ours reaches; ws takes the bound off those it accepts. */
export function boundSilence(_request: IncomingMessage, socket: Duplex): void {
  if (socket instanceof Socket) socket.setTimeout(SILENCE_MS, endSilent)
  else socket.destroy()
}

/** It became a connection, which has its own ways of finding silence. */
export function unboundSilence(tcp: Socket): void {
  tcp.removeListener('timeout', endSilent)
}

/** One function for all: a connection would keep its own for as long as it lives. */
function endSilent(this: Socket): void {
  this.destroy()
}

/** Rejects with an Error whose message says what the application must do. */
async function host(app: FastifyInstance): Promise<void> {
  if (served.has(app.server)) {
    throw new Error('Usher is registered twice in this application: register it once.')
  }
  checkUpgrades(app)
  if (app.hasPlugin('@fastify/websocket')) checkWebSocketServer(app, app.usherContext.config)
  else if (app.server.listenerCount('upgrade') > 0) throw new Error(OTHER_UPGRADES)
  app.addHook('onReady', async () => checkListeners(app))
  served.add(app.server)
  warnOfShortParameters(app)
}

const OTHER_UPGRADES =
  'Something besides Usher takes the upgrades of this server: register @fastify/websocket with ' +
  "{ options: websocketOptions() } from 'usher', before Usher and where Usher sees it, and let " +
  'nothing else listen to them.'

/** Without it Node takes `Upgrade: h2c`, which some HTTP clients send, for a WebSocket. */
function checkUpgrades(app: FastifyInstance): void {
  if (app.initialConfig.http2) {
    throw new Error('Usher needs HTTP/1.1: make Fastify without http2, and leave it to a proxy.')
  }
  const server = app.server as { shouldUpgradeCallback?: (request: unknown) => boolean }
  const takes = (headers: IncomingHttpHeaders) => server.shouldUpgradeCallback?.({ headers })
  const takesBodies =
    takes({ upgrade: 'websocket', 'content-length': '1' }) ||
    takes({ upgrade: 'websocket', 'transfer-encoding': 'chunked' })
  if (takes({ upgrade: 'websocket' }) && !takes({ upgrade: 'h2c' }) && !takesBodies) return
  throw new Error(
    'Usher needs Fastify to upgrade WebSockets without a body and nothing else: make it with ' +
      "Fastify({ http: { shouldUpgradeCallback } }), which is exported from 'usher'; " +
      'with TLS it goes into https.',
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

/** Two that answer the same upgrade break both; nobody that does is a server elsewhere. */
function checkListeners(app: FastifyInstance): void {
  const takers = app.server.listeners('upgrade').filter((taker) => taker !== boundSilence)
  if (takers.length > 1) throw new Error(OTHER_UPGRADES)
  if (takers.length === 1) return
  throw new Error('Your @fastify/websocket listens on another server: leave out options.server.')
}

function warnOfShortParameters(app: FastifyInstance): void {
  const { maxParamLength = 100, routerOptions } = app.initialConfig
  const length = Math.max(maxParamLength, routerOptions?.maxParamLength ?? 0)
  if (length >= PARAMETER_MIN) return
  app.log.warn(
    `Room names and user ids of more than ${length} characters will not be found: make Fastify ` +
      `with { routerOptions: { maxParamLength: ${2 * PARAMETER_MIN} } }.`,
  )
}

export default fp(host, {
  name: 'usher-host-checks',
  fastify: '5.x',
  dependencies: ['usher-context'],
})
