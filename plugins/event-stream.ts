// app.openStream: from a request that asks for `text/event-stream` to a connection that only
// listens. It is settled like a WebSocket handshake, and then a member of the room like any other.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Connection } from '../src/connection/connection.ts'
import { EventStreamHandler } from '../src/connection/event-stream-handler.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Start } from '../src/room/resume.ts'
import { formatNamed } from '../src/wire/formats.ts'
import { sourceOf } from './audit.ts'
import { takeHandshake } from './handshake.ts'
import { SseSocket } from './transports/event-stream-socket.ts'
import { leaveHttp } from './transports/http-sockets.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Answers with a stream of the room's messages. `app.settleHandshake` MUST have been called
     * before.
     */
    openStream(request: FastifyRequest, reply: FastifyReply, opening: StreamOpening): void
    /** Whether a request asks for a stream rather than for the room's state. */
    wantsStream(request: FastifyRequest): boolean
  }
}

export interface StreamOpening {
  /** A name from the list of wire formats. */
  format: string
  start: Start
}

/** `x-accel-buffering` keeps nginx from holding back events. */
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'close',
}

function wantsStream({ headers, method, ws }: FastifyRequest): boolean {
  return !ws && method === 'GET' && /\btext\/event-stream\b/i.test(headers.accept ?? '')
}

async function eventStreams(app: FastifyInstance): Promise<void> {
  const { connections, connectionLog } = app
  const { clock } = app.usherContext

  app.decorate('wantsStream', wantsStream)
  app.decorate('openStream', (request: FastifyRequest, reply: FastifyReply, opening) => {
    const handshake = takeHandshake(request)
    const { seat, entry, abandoned } = handshake
    const tcp = request.raw.socket
    if (!entry || abandoned || tcp.destroyed) {
      handshake.abandon()
      throw new Refusal(REPLY.badRequest, 'A stream has no first message: send a ticket.')
    }
    const { raw } = reply
    // Events are written without chunk headers: the end of the TCP connection ends the stream.
    raw.useChunkedEncodingByDefault = false
    try {
      raw.writeHead(200, { ...reply.getHeaders(), ...HEAD } as Record<string, string>)
    } catch (error) {
      // A hook of the application may have set a header that cannot be written.
      handshake.abandon()
      throw error
    }
    reply.hijack()
    raw.flushHeaders()
    leaveHttp(tcp)
    const connection = new Connection({ connections, seat, socket: new SseSocket(raw, tcp, clock) })
    const { format, start } = opening
    const handler = new EventStreamHandler(connection, { format: formatNamed(format), start })
    connection.open(handler)
    raw.on('error', () => undefined)
    tcp.once('close', () => connectionLog.onEnd(connection, connection.ended(1000)))
    connectionLog.joining(connection, entry, sourceOf(request))
    handler.join(entry)
  })
}

export default fp(eventStreams, {
  name: 'usher-event-stream',
  fastify: '5.x',
  dependencies: ['usher-handshake', 'usher-connection-log'],
})
