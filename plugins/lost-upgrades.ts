// Handshakes that a proxy on the way made ordinary requests of: refused in words that say what to
// set there [C161]. A page does not see why its WebSocket fails, so the operator is told once too.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { asksForWebSocket } from './upgrade-requests.ts'

const ADVICE =
  'have it speak HTTP/1.1 and pass on Upgrade and Connection, as docs/operations.md shows ' +
  '(nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; ' +
  'proxy_set_header Connection "upgrade").'
const LOST = `A proxy on the way took the Upgrade from this WebSocket handshake: ${ADVICE}`
const OLD_HTTP = `A WebSocket handshake is HTTP/1.1, and a proxy sent this one as 1.0: ${ADVICE}`

/** The sentence for a handshake that has lost something on the way; null for any other request. */
function lossOf({ headers, raw, ws }: FastifyRequest): string | null {
  if (ws) return raw.httpVersion === '1.0' ? OLD_HTTP : null
  // Only a handshake has such a key: no script can set it, and no proxy takes it away.
  return headers['sec-websocket-key'] !== undefined || asksForWebSocket(headers) ? LOST : null
}

async function lostUpgrades(app: FastifyInstance): Promise<void> {
  let isTold = false
  app.addHook('onRequest', (request, _, done) => {
    const loss = lossOf(request)
    if (loss !== null && request.routeOptions.config.takesUpgrade === true) {
      if (!isTold) app.log.warn({ peer: request.socket.remoteAddress }, loss)
      isTold = true
      throw new Refusal(REPLY.badRequest, loss)
    }
    done()
  })
}

export default fp(lostUpgrades, {
  name: 'usher-lost-upgrades',
  fastify: '5.x',
  // Which says first what is wrong with a body, and with a handshake that is sent ahead.
  dependencies: ['usher-handshake-checks'],
})
