// Ends the socket of an upgrade that was not accepted, since Node sets no more timeouts on it: at
// once where one of the application's routes answered, else after half a minute.
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { mayUpgrade } from './upgrade-requests.ts'

const SILENCE_MS = 30_000

/** For an `upgrade` listener; ws takes the bound off the sockets that it accepts. */
export function boundSilence(request: IncomingMessage, socket: Duplex): void {
  if (socket instanceof Socket) socket.setTimeout(SILENCE_MS, endSilent)
  else if (request instanceof IncomingMessage) socket.destroy()
}

/**
 * For an `upgrade` listener before all others: the requests that `injectWS` makes have no socket,
 * no host, and a number among their headers. Its stream is no `net.Socket`.
 */
export function completeInjected(request: IncomingMessage, socket: Duplex): void {
  if (request instanceof IncomingMessage) return
  const { headers } = request as { headers: IncomingHttpHeaders }
  const version = String(headers['sec-websocket-version'])
  const whole = { host: 'localhost', ...headers, 'sec-websocket-version': version }
  Object.assign(request, { socket, headers: whole })
}

/** For a socket that became a connection, whose heartbeat finds silence. */
export function unboundSilence(tcp: Socket): void {
  tcp.removeListener('timeout', endSilent)
}

/** Ends a socket when all that was written to it has left; what `injectWS` made may lack that. */
export function endWhenWritten(socket: Duplex): void {
  if (socket instanceof Socket) socket.destroySoon()
  else socket.end()
}

/** One function for all sockets: a connection would keep one of its own for as long as it lives. */
function endSilent(this: Socket): void {
  this.destroy()
}

/** For the application's own routes, unless its own @fastify/websocket ends their upgrades. */
async function upgradeTimeout(app: FastifyInstance): Promise<void> {
  if (app.hasPlugin('@fastify/websocket')) return
  app.addHook('onResponse', async ({ raw }) => {
    if (mayUpgrade(raw.headers)) endWhenWritten(raw.socket)
  })
}

export default fp(upgradeTimeout, { name: 'usher-upgrade-timeout', fastify: '5.x' })
