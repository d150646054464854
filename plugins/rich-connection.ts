// app.openRich: from a settled handshake to a connection that may be in many rooms, on a WebSocket
// or on a response that streams.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import type { Shown } from '../src/connection/commands/connect.ts'
import { Connection } from '../src/connection/connection.ts'
import { RichHandler } from '../src/connection/rich-handler.ts'
import type { Socket } from '../src/connection/socket.ts'
import { commandBytesOf } from '../src/protocol/limits.ts'
import { richFormatOf } from '../src/wire/formats.ts'
import type { RichFormat } from '../src/wire/wire-format.ts'
import { sourceOf } from './audit.ts'
import { offeredProtocols } from './tokens/credential.ts'
import { type Handshake, takeHandshake } from './transports/handshake-under-way.ts'
import { listen, WsSocket } from './transports/websocket-socket.ts'
import { leaveRequest } from './websocket-connection.ts'

/** How a connection of many rooms speaks, besides what its handshake has. */
export interface RichOpening extends Pick<Shown, 'uplink' | 'isInUrl'> {
  format: RichFormat
  socket: Socket
  handshake: Handshake
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The connection waits for its connect command. MUST be called in the turn of the answer. */
    openRich(request: FastifyRequest, opening: RichOpening): Connection
    /** The same on a WebSocket. `app.settleConnect` MUST have been called before. */
    openRichWebSocket(ws: WebSocket, request: FastifyRequest): void
  }
}

function openRich(request: FastifyRequest, opening: RichOpening): Connection {
  const { connections, connectionLog: log, rooms, authenticator: proofs } = request.server
  const { format, socket, handshake, uplink, isInUrl } = opening
  const connection = new Connection({ connections, socket, seat: handshake.seat })
  const handler = new RichHandler(connection, {
    ...{ format, rooms, proofs, log },
    shown: { claim: handshake.claim, uplink, isInUrl },
    source: sourceOf(request),
  })
  connection.open(handler)
  handler.awaitConnect()
  return connection
}

/** As the protocol names them; what else stands in the URL is ignored, since SDKs add to it. */
interface ConnectionQuery {
  format?: unknown
  cf_protocol?: unknown
}

function encodingOf(request: FastifyRequest): 'json' | 'protobuf' {
  const { format, cf_protocol: named } = request.query as ConnectionQuery
  if (offeredProtocols(request).includes('centrifuge-protobuf')) return 'protobuf'
  return format === 'protobuf' || named === 'protobuf' ? 'protobuf' : 'json'
}

async function richConnections(app: FastifyInstance): Promise<void> {
  app.decorate('openRich', openRich)
  app.decorate('openRichWebSocket', (ws: WebSocket, request: FastifyRequest) => {
    const tcp = request.raw.socket
    const format = richFormatOf(encodingOf(request), 'websocket')
    const handshake = takeHandshake(request)
    leaveRequest(ws, request, handshake)
    const socket = new WsSocket(ws, tcp)
    const how = { format, socket, handshake, uplink: null, isInUrl: false }
    const bytes = commandBytesOf(app.usherContext.config.limits)
    const bound = { limit: 'commandBytes', bytes } as const
    listen(ws, openRich(request, how), app.connectionLog, bound)
  })
}

export default fp(richConnections, {
  name: 'usher-rich-connection',
  fastify: '5.x',
  dependencies: ['usher-connect-handshake', 'usher-connection-log'],
})
