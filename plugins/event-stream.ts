// app.openStream: from a request that asks for `text/event-stream` to a connection that only
// listens. It is settled like a WebSocket handshake, and then a member of the room like any other.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Connection } from '../src/connection/connection.ts'
import { EventStreamHandler } from '../src/connection/event-stream-handler.ts'
import { retryAfterMs } from '../src/connection/stream-retry.ts'
import { CLOSE, REPLY, Refusal } from '../src/protocol/errors.ts'
import type { Start } from '../src/room/resume.ts'
import { formatNamed } from '../src/wire/formats.ts'
import { httpChunk } from '../src/wire/http-chunk.ts'
import { retryBlock, SSE_COMMENT } from '../src/wire/sse.ts'
import { sourceOf } from './audit.ts'
import { takeHandshake } from './transports/handshake-under-way.ts'
import {
  beginStream,
  isChunked,
  ResponseSocket,
  type StreamNotices,
} from './transports/response-socket.ts'

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

const HEAD = { 'content-type': 'text/event-stream; charset=utf-8' }

type Framing = (bytes: Buffer) => Buffer
const asItIs: Framing = (bytes) => bytes

function wantsStream({ headers, method, ws }: FastifyRequest): boolean {
  return !ws && method === 'GET' && /\btext\/event-stream\b/i.test(headers.accept ?? '')
}

async function eventStreams(app: FastifyInstance): Promise<void> {
  const { connections, connectionLog, engine } = app
  const { clock, random, config } = app.usherContext
  // Other nodes can have it at once.
  const laterMs = () => (engine.otherNodes > 0 ? 0 : config.drainSeconds * 1_000)
  const noticesIn = (framed: Framing): StreamNotices => ({
    clock,
    ping: framed(SSE_COMMENT),
    // A stream carries no close code: the client connects again, later after a shutdown, and gets a
    // status if it is refused.
    farewell: (code) =>
      code === CLOSE.shutdown.code ? framed(retryBlock(retryAfterMs(random, laterMs()))) : null,
  })
  const [plain, chunked] = [noticesIn(asItIs), noticesIn(httpChunk)]

  app.decorate('wantsStream', wantsStream)
  app.decorate('openStream', (request: FastifyRequest, reply: FastifyReply, opening) => {
    const handshake = takeHandshake(request)
    const { seat, entry, abandoned } = handshake
    const tcp = request.raw.socket
    if (!entry || abandoned || tcp.destroyed) {
      handshake.abandon()
      throw new Refusal(REPLY.badRequest, 'A stream has no first message: send a ticket.')
    }
    try {
      beginStream(reply, HEAD)
    } catch (error) {
      handshake.abandon()
      throw error
    }
    const { raw } = reply
    const inChunks = isChunked(raw)
    const socket = new ResponseSocket(raw, tcp, inChunks ? chunked : plain)
    socket.write((inChunks ? httpChunk : asItIs)(retryBlock(retryAfterMs(random))))
    const connection = new Connection({ connections, seat, socket })
    const { isEnvelope, start } = opening
    const name = isEnvelope ? 'sse-envelope' : 'sse'
    const format = formatNamed(inChunks ? `${name}-chunked` : name)
    const handler = new EventStreamHandler(connection, { format, start })
    connection.open(handler)
    tcp.once('close', () => connectionLog.onEnd(connection, connection.ended(1000)))
    const facts = { room: entry.hold.room.name, ...sourceOf(request) }
    connectionLog.opened(connection, entry.identity, facts)
    handler.join(entry)
  })
}

export default fp(eventStreams, {
  name: 'usher-event-stream',
  fastify: '5.x',
  dependencies: ['usher-handshake', 'usher-connection-log'],
})
