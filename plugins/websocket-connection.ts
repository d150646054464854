// app.openWebSocket: from a settled handshake and its 101 to a connection on a WebSocket. The
// connection keeps nothing of the request.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import { Connection } from '../src/connection/connection.ts'
import { awaitFirstMessage } from '../src/connection/first-message.ts'
import { RawHandler } from '../src/connection/raw-handler.ts'
import type { Entry } from '../src/connection/room-entry.ts'
import { closeCodeFor } from '../src/protocol/errors.ts'
import type { Start } from '../src/room/resume.ts'
import { formatNamed } from '../src/wire/formats.ts'
import { sourceOf } from './audit.ts'
import { type Handshake, takeHandshake } from './transports/handshake-under-way.ts'
import { leaveHttp } from './transports/http-sockets.ts'
import { dropTimer } from './transports/tcp-parts.ts'
import { listen, WsSocket } from './transports/websocket-socket.ts'
import { unboundSilence } from './upgrade-timeout.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Opens the connection. `app.settleHandshake` MUST have been called before. */
    openWebSocket(ws: WebSocket, request: FastifyRequest, opening: Opening): void
  }
}

/** What the route read from the request. */
export interface Opening {
  room: string
  /** A name from the list of wire formats. */
  format: string
  echo: boolean | null
  /** The position to begin at; null for messages from now on. */
  start: Start | null
}

/** From the 101 on, nothing of the request is kept. MUST be called in its turn. */
export function leaveRequest(
  ws: WebSocket,
  { raw: { socket: tcp }, server }: FastifyRequest,
  { response }: Handshake,
): void {
  // The socket would hold the response, and with it the whole request, as long as the socket lives.
  response.detachSocket(tcp)
  leaveHttp(tcp)
  unboundSilence(tcp)
  dropTimer(tcp)
  // An application's list of sockets to close must not have Usher's: the drain closes them [C65].
  server.websocketServer.clients?.delete(ws)
}

/** MUST be called in the turn of the 101. */
function openWebSocket(ws: WebSocket, request: FastifyRequest, opening: Opening): void {
  const { connections, connectionLog } = request.server
  const tcp = request.raw.socket
  const source = sourceOf(request)
  const handshake = takeHandshake(request)
  const { seat, entry } = handshake
  leaveRequest(ws, request, handshake)
  const { echo, start, room } = opening
  const connection = new Connection({ connections, socket: new WsSocket(ws, tcp), seat })
  const handler = new RawHandler(connection, { format: formatNamed(opening.format), echo, start })
  connection.open(handler)
  const bytes = connections.limits.messageBytes
  listen(ws, connection, connectionLog, { limit: 'messageBytes', bytes })
  const join = (found: Entry): void => {
    const { room } = found.hold
    connectionLog.opened(connection, found.identity, { room: room.name, ...source })
    handler.join(found)
  }
  if (entry) return join(entry)
  const { rooms, authenticator } = request.server
  awaitFirstMessage(handler, {
    ...{ room, rooms, join, prove: (credential) => authenticator.prove(credential) },
    refused: (error, user) => {
      const { reply } = connectionLog.refused(connection, { error, room, user, source })
      connection.close(closeCodeFor(reply))
    },
  })
}

async function webSocketConnections(app: FastifyInstance): Promise<void> {
  app.decorate('openWebSocket', openWebSocket)
}

export default fp(webSocketConnections, {
  name: 'usher-websocket-connection',
  fastify: '5.x',
  dependencies: ['usher-handshake', 'usher-connection-log'],
})
