// Checks at boot that the host application fits, with a sentence that says what to do, rather than
// at the first client that is treated wrongly.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { commandBytesOf } from '../src/protocol/limits.ts'
import { setEndpoint } from './transports/subprotocols.ts'
import { boundSilence, completeInjected } from './upgrade-timeout.ts'

/** Bytes of one message at most: any client could take that much memory. */
const PAYLOAD_MAX = commandBytesOf({ messageBytes: 16_777_216, commandBytes: 16_777_216 })
/** The longest room name; Fastify by default refuses parameters of more than 100. */
const PARAMETER_MIN = 133
const PARAMETER_ADVISED = 256
/** Listeners for upgrades that answer none. */
const OURS = new Set<unknown>([boundSilence, completeInjected])
const served = new WeakSet<object>()

/** Rejects with an Error whose message says what the application must do. */
async function hostChecks(app: FastifyInstance): Promise<void> {
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
  "{ options: websocketOptions() } from 'fastify-usher', before Usher and where Usher sees it, " +
  'and let nothing else listen to them.'

/** Throws unless the server upgrades WebSockets without a body and nothing else. */
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
    'Your shouldUpgradeCallback must upgrade WebSockets without a body and nothing else: leave ' +
      "it out, or give Fastify the one that 'fastify-usher' exports.",
  )
}

function checkWebSocketServer(app: FastifyInstance, config: Config): void {
  const { maxPayload = 0, perMessageDeflate, handleProtocols } = app.websocketServer.options
  const advice =
    "register @fastify/websocket with { options: websocketOptions() } from 'fastify-usher'"
  const least = commandBytesOf(config.limits)
  if (maxPayload < least || maxPayload > PAYLOAD_MAX) {
    const found = `Your WebSocket server takes messages of ${maxPayload} bytes, and Usher's have`
    throw new Error(`${found} up to ${least}: ${advice}, with \`limits.commandBytes\` in it.`)
  }
  if (perMessageDeflate) {
    throw new Error(`Your WebSocket server compresses, and Usher writes plain frames: ${advice}.`)
  }
  const offered = new Set(['usher.ticket.x', 'usher.raw'])
  const request = {} as IncomingMessage
  setEndpoint(request, 'rooms')
  if (handleProtocols?.(offered, request) !== 'usher.raw') {
    throw new Error(`Your WebSocket server would answer with a credential: ${advice}.`)
  }
}

/**
 * Two listeners that answer the same upgrade break each other; none means that it listens
 * elsewhere.
 */
function checkListeners(app: FastifyInstance): void {
  const takers = app.server.listeners('upgrade').filter((taker) => !OURS.has(taker))
  if (takers.length > 1) throw new Error(OTHER_UPGRADES)
  if (takers.length === 1) return
  throw new Error('Your @fastify/websocket listens on another server: leave out options.server.')
}

function warnOfShortParameters(app: FastifyInstance): void {
  const { maxParamLength = 100, routerOptions } = app.initialConfig
  const length = Math.max(maxParamLength, routerOptions?.maxParamLength ?? 0)
  if (length >= PARAMETER_MIN) return
  app.log.warn(
    `Room names and user ids of more than ${length} characters are refused with 414: make ` +
      `Fastify with { routerOptions: { maxParamLength: ${PARAMETER_ADVISED} } }.`,
  )
}

export default fp(hostChecks, {
  name: 'usher-host-checks',
  fastify: '5.x',
  dependencies: ['usher-context', 'usher-upgrade-requests'],
})
