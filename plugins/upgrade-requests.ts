// Which requests Node treats as upgrades: WebSocket handshakes without a body that are not sent
// ahead of an answer, and no others. An application may have decided that itself.
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { onEveryServer } from './transports/servers.ts'
import { owesAnswer } from './transports/tcp-parts.ts'

interface UpgradingServer extends Server {
  /** Node calls it for every request that asks for an upgrade. */
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
}

/**
 * A handshake that announces a body stays an ordinary request, since Node would give the `upgrade`
 * listeners a stream that is no `net.Socket`, and a call that it lacks ends the process (S41). So
 * does one behind an answer that is still owed, since @fastify/websocket would give it none, and
 * `Upgrade: h2c`, which some HTTP clients send.
 */
export function shouldUpgradeCallback({ headers, socket }: IncomingMessage): boolean {
  return mayUpgrade(headers) && !owesAnswer(socket)
}

/** Whether a request has the headers of a handshake that is upgraded. */
export function mayUpgrade(headers: IncomingHttpHeaders): boolean {
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
 * Whether a server has Node's default: each server gets a function of its own with the same text.
 */
function decidesByNode({ shouldUpgradeCallback }: UpgradingServer): boolean {
  const { shouldUpgradeCallback: byNode } = createServer() as UpgradingServer
  return String(shouldUpgradeCallback) === String(byNode)
}

async function upgradeRequests(app: FastifyInstance): Promise<void> {
  const server: UpgradingServer = app.server
  if (app.initialConfig.http2 || !decidesByNode(server)) return
  onEveryServer(app, (each: UpgradingServer) => {
    each.shouldUpgradeCallback = shouldUpgradeCallback
  })
}

export default fp(upgradeRequests, { name: 'usher-upgrade-requests', fastify: '5.x' })
