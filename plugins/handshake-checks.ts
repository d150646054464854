// The form of WebSocket handshakes, before any credential is looked at: a handshake that ws would
// refuse after its ticket was redeemed is refused here, by plain HTTP (S1).
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { OFFERS_MAX } from './tokens/credential.ts'
import { announcesBody, asksForWebSocket } from './upgrade-requests.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set for routes that take WebSocket upgrades. */
    takesUpgrade?: boolean
  }
}

const KEY = /^[A-Za-z0-9+/]{22}==$/
/** An RFC 9110 token, or nothing: section 5.6.1.2 has a recipient ignore empty elements. */
const OFFER = /^[ \t]*(?:[\w!#$%&'*+.^`|~-]+[ \t]*)?$/
const VERSION = '13'

async function handshakeForm(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', markUpgrades)
  app.addHook('onRequest', (request, reply, done) => {
    checkUpgraded(request, reply)
    if (request.ws) checkForm(request, reply)
    if (request.ws && !request.is404) app.admitHandshake(request)
    done()
  })
}

/** Runs after @fastify/websocket's own hook, which leaves `wsHandler` in place. */
function markUpgrades(route: RouteOptions): void {
  if (route.wsHandler || route.websocket) route.config = { ...route.config, takesUpgrade: true }
}

/** A handshake with a body, or sent ahead, is not upgraded [C41] [C145] (S41). */
function checkUpgraded({ headers, ws }: FastifyRequest, reply: FastifyReply): void {
  if (!asksForWebSocket(headers)) return
  const hasBody = announcesBody(headers)
  if (!hasBody && (ws || !/\bupgrade\b/i.test(headers.connection ?? ''))) return
  // What follows was meant for a WebSocket.
  reply.header('connection', 'close')
  throw new Refusal(REPLY.badRequest, hasBody ? HAS_BODY : IS_AHEAD)
}

const HAS_BODY = 'A WebSocket handshake carries no body: leave it out.'
const IS_AHEAD = 'A WebSocket handshake is not sent ahead: first read the answers.'

function checkForm(request: FastifyRequest, reply: FastifyReply): void {
  const { method, headers, routeOptions, is404, raw } = request
  if (method !== 'GET') {
    reply.header('allow', 'GET')
    throw new Refusal(REPLY.methodNotAllowed, 'Upgrade with GET.')
  }
  if (is404) return
  if (routeOptions.config.takesUpgrade !== true) {
    throw new Refusal(REPLY.badRequest, 'This path takes no WebSockets.')
  }
  if (headers['sec-websocket-version'] !== VERSION) {
    throw new Refusal(REPLY.badRequest, `Sec-WebSocket-Version must be ${VERSION}.`)
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    throw new Refusal(REPLY.badRequest, 'Sec-WebSocket-Key must be 16 bytes in base64.')
  }
  checkOffers(raw.headers)
}

const NO_LIST = `Sec-WebSocket-Protocol must be a list of tokens, at most ${OFFERS_MAX}.`

/** Leaves out empty elements, for which ws would answer 400 after the ticket was redeemed. */
function checkOffers(headers: IncomingHttpHeaders): void {
  const header = headers['sec-websocket-protocol']
  if (header === undefined) return
  const list = header.split(',', OFFERS_MAX + 1)
  const offers = list.map((offer) => offer.trim()).filter((offer) => offer !== '')
  const isList = list.length <= OFFERS_MAX && list.every((offer) => OFFER.test(offer))
  if (!isList || new Set(offers).size < offers.length) {
    throw new Refusal(REPLY.badRequest, NO_LIST)
  }
  if (offers.length === list.length) return
  if (offers.length === 0) delete headers['sec-websocket-protocol']
  else headers['sec-websocket-protocol'] = offers.join(', ')
}

export default fp(handshakeForm, {
  name: 'usher-handshake-checks',
  fastify: '5.x',
  dependencies: ['usher-websocket', 'usher-security-headers', 'usher-handshake-rate'],
})
