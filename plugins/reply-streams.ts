// app.openReplyStream: a connection of many rooms whose client has no WebSocket. It reads replies
// on the answer to the request that brought its connect command, and sends all others by
// `app.sendUp`.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Connection } from '../src/connection/connection.ts'
import { CLOSE } from '../src/protocol/errors.ts'
import { richFormatOf } from '../src/wire/formats.ts'
import type { InboundFrame, RichFormat } from '../src/wire/wire-format.ts'
import { pageOf } from './tokens/page-origin.ts'
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
     * Answers with the replies to a connect command, and all that follows. `app.settleConnect` MUST
     * have been called before.
     */
    openReplyStream(request: FastifyRequest, reply: FastifyReply, opening: ReplyStreamOpening): void
  }
}

export interface ReplyStreamOpening {
  carrier: 'stream' | 'sse'
  encoding: 'json' | 'protobuf'
  /** What the request says: the connect command. */
  frame: InboundFrame
  /** Whether that stands in its URL. */
  isInUrl: boolean
}

const TYPES = {
  sse: { json: 'text/event-stream; charset=utf-8', protobuf: '' },
  stream: { json: 'application/x-ndjson', protobuf: 'application/octet-stream' },
} as const

/**
 * One connect command and nothing else: what changes something must not stand in a URL, which a
 * page elsewhere could have a browser open.
 */
function isConnect(format: RichFormat, frame: InboundFrame): boolean {
  const [first, second] = format.decode(frame)
  return first?.type === 'connect' && second === undefined
}

async function replyStreams(app: FastifyInstance): Promise<void> {
  const { engine, uplinkSessions: sessions, connectionLog } = app
  const { clock } = app.usherContext
  const noticesOf = (format: RichFormat): StreamNotices => ({
    clock,
    ping: null,
    farewell: (code, reason) => format.disconnect({ code, reason }),
  })

  function start(connection: Connection, format: RichFormat, frame: InboundFrame): void {
    try {
      if (!isConnect(format, frame)) return connection.close(CLOSE.badRequest)
      connection.receive(frame.payload, frame.binary)
    } catch (error) {
      connection.fault(error)
    }
  }

  app.decorate('openReplyStream', (request: FastifyRequest, reply: FastifyReply, opening) => {
    const { carrier, encoding, frame, isInUrl } = opening
    const { raw } = reply
    const tcp = request.raw.socket
    const handshake = takeHandshake(request)
    try {
      beginStream(reply, { 'content-type': TYPES[carrier][encoding] })
    } catch (error) {
      handshake.abandon()
      throw error
    }
    const format = richFormatOf(encoding, isChunked(raw) ? `${carrier}-chunked` : carrier)
    const socket = new ResponseSocket(raw, tcp, noticesOf(format))
    const secret = sessions.newSecret()
    const uplink = { node: engine.node, session: secret }
    const connection = app.openRich(request, { format, socket, handshake, uplink, isInUrl })
    const key = sessions.open(secret, { connection, page: pageOf(request) })
    tcp.once('close', () => {
      sessions.forget(key)
      connectionLog.onEnd(connection, connection.ended(1000))
    })
    start(connection, format, frame)
  })
}

export default fp(replyStreams, {
  name: 'usher-reply-streams',
  fastify: '5.x',
  dependencies: ['usher-rich-connection', 'usher-uplinks'],
})
