// The Socket port on a response that streams: server-sent events, or replies to commands that come
// in requests of their own.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Socket } from '../../src/connection/socket.ts'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'
import type { Clock } from '../../src/time/clock.ts'
import { leaveHttp } from './http-sockets.ts'
import { dropRequestsBehind } from './parser-parts.ts'
import { hasAhead } from './pipelining.ts'
import { dropTimer, takenOf } from './tcp-parts.ts'

/** How long a client may take to read the end before the TCP connection is cut [C62]. */
const CLOSE_TIMEOUT_MS = 1_000

/**
 * `no-transform` keeps what compresses answers from holding them back, `x-accel-buffering` does so
 * for nginx.
 */
const HEAD = {
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
}

/** What all streams of one format say by themselves, as it is written. */
export interface StreamNotices {
  readonly clock: Clock
  /** Keeps proxies awake; null where the format has a ping that is answered. */
  readonly ping: Buffer | null
  /** The last that a client gets, which sees no close code; null for nothing. */
  farewell(code: number, reason: string): Buffer | null
}

export class ResponseSocket implements Socket {
  readonly #response: ServerResponse
  readonly #tcp: TcpSocket
  readonly #notices: StreamNotices

  /** The head of the response MUST have been written, by `beginStream`. */
  constructor(response: ServerResponse, tcp: TcpSocket, notices: StreamNotices) {
    this.#response = response
    this.#tcp = tcp
    this.#notices = notices
  }

  get bufferedBytes(): number {
    return this.#tcp.writableLength
  }

  get bytesRead(): number {
    return this.#tcp.bytesRead
  }

  get takenBytes(): number {
    return takenOf(this.#tcp)
  }

  /** Whole frames of the format, in whole chunks where the response is in chunks. */
  write(frames: Buffer): void {
    // Straight to the TCP socket, after the head: the response would gather all writes of a turn.
    if (!this.#response.writableEnded && !this.#tcp.destroyed) this.#tcp.write(frames)
  }

  /** A client that is gone is found by the bytes that it does not take. */
  ping(): boolean {
    const { ping } = this.#notices
    if (ping !== null) this.write(ping)
    return false
  }

  ask(): boolean {
    return false
  }

  close(code: number, reason: string): void {
    if (this.#response.writableEnded) return
    const last = this.#notices.farewell(code, reason)
    if (last !== null) this.write(last)
    this.#response.end()
    this.#notices.clock.after(CLOSE_TIMEOUT_MS, () => this.#tcp.destroy())
  }

  terminate(): void {
    this.#tcp.destroy()
  }
}

/** Whether the client of this response reads chunks: HTTP/1.0 has none. */
export function isChunked({ req }: ServerResponse): boolean {
  return req.httpVersionMajor > 1 || req.httpVersionMinor > 0
}

const IS_LAST = 'A stream is the last request of its TCP connection: send no other behind it.'

/**
 * Sends the head of an answer that streams, at once: the TCP connection is then the stream's alone.
 * Throws a 400 Refusal where requests wait behind it, since they would wait in vain; and where a
 * hook of the application has set a header that cannot be written.
 */
export function beginStream(reply: FastifyReply, headers: IncomingHttpHeaders): void {
  const { raw } = reply
  const tcp = raw.req.socket
  if (hasAhead(tcp)) throw new Refusal(REPLY.badRequest, IS_LAST)
  // Else the end of the TCP connection ends the stream: `TE: chunked` means nothing in HTTP/1.0.
  raw.useChunkedEncodingByDefault = isChunked(raw)
  raw.writeHead(200, { ...reply.getHeaders(), ...HEAD, ...headers } as Record<string, string>)
  reply.hijack()
  raw.flushHeaders()
  leaveHttp(tcp)
  dropRequestsBehind(tcp)
  // A timeout of the application for silence is for requests: a quiet stream is no fault.
  tcp.setTimeout(0)
  dropTimer(tcp)
  raw.on('error', () => undefined)
}
