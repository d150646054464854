// An upgrade that came to nothing is ended, since Node no longer looks after its socket: at once
// where one of the application's routes answered it, else after half a minute.
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { shouldUpgradeCallback } from './upgrade-requests.ts'

const SILENCE_MS = 30_000

/** For an `upgrade` listener; ws takes the bound off the sockets that it accepts. */
export function boundSilence(_request: IncomingMessage, socket: Duplex): void {
  if (socket instanceof Socket) socket.setTimeout(SILENCE_MS, endSilent)
  else socket.destroy()
}

/** For a socket that became a connection, which finds silence by its heartbeat. */
export function unboundSilence(tcp: Socket): void {
  tcp.removeListener('timeout', endSilent)
}

/** One function for all: a connection would keep its own for as long as it lives. */
function endSilent(this: Socket): void {
  this.destroy()
}

/** For the application's own routes, unless its own @fastify/websocket ends their upgrades. */
async function upgradeTimeout(app: FastifyInstance): Promise<void> {
  if (app.hasPlugin('@fastify/websocket')) return
  app.addHook('onResponse', async ({ raw }) => {
    if (shouldUpgradeCallback(raw)) raw.socket.destroySoon()
  })
}

export default fp(upgradeTimeout, { name: 'usher-upgrade-timeout', fastify: '5.x' })
