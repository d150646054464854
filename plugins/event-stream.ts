// app.openStream: from a request that asks for `text/event-stream` to a connection that only
// listens. It is settled like a WebSocket handshake, and then a member of the room like any other.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Connection } from '../src/connection/connection.ts'
import { EventStreamHandler } from '../src/connection/event-stream-handler.ts'
import { retryAfterMs } from '../src/connection/stream-retry.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Start } from '../src/room/resume.ts'
import { formatNamed } from '../src/wire/formats.ts'
import { sourceOf } from './audit.ts'
import { takeHandshake } from './handshake.ts'
import { isChunked, SseSocket, type StreamTimes } from './transports/event-stream-socket.ts'
import { leaveHttp } from './transports/http-sockets.ts'
import { dropTimer } from './transports/tcp-parts.ts'

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
  /** Whether each event is the message as JSON. */
  isEnvelope: boolean
  start: Start
}

/**
 * `no-transform` keeps what compresses answers from holding events back, `x-accel-buffering` does
 * so for nginx.
 */
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
}

function wantsStream({ headers, method, ws }: FastifyRequest): boolean {
  return !ws && method === 'GET' && /\btext\/event-stream\b/i.test(headers.accept ?? '')
}

async function eventStreams(app: FastifyInstance): Promise<void> {
  const { connections, connectionLog } = app
  const { clock, random, config } = app.usherContext
  const drainMs = config.drainSeconds * 1_000
  const times: StreamTimes = {
    clock,
    retryMs: (isShutdown) => retryAfterMs(random, isShutdown ? drainMs : 0),
  }

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
    const framed = isChunked(raw) ? '-chunked' : ''
    // Else the end of the TCP connection ends the stream: `TE: chunked` means nothing in HTTP/1.0.
    raw.useChunkedEncodingByDefault = isChunked(raw)
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
    // A timeout of the application for silence is for requests: a quiet room is no fault.
    tcp.setTimeout(0)
    dropTimer(tcp)
    const connection = new Connection({ connections, seat, socket: new SseSocket(raw, tcp, times) })
    const { isEnvelope, start } = opening
    const format = formatNamed((isEnvelope ? 'sse-envelope' : 'sse') + framed)
    const handler = new EventStreamHandler(connection, { format, start })
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
