// The Socket port on a response that streams server-sent events.
import type { ServerResponse } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import type { Socket } from '../../src/connection/socket.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import type { Clock } from '../../src/time/clock.ts'
import { httpChunk } from '../../src/wire/http-chunk.ts'
import { retryBlock, SSE_COMMENT } from '../../src/wire/sse.ts'
import { takenOf } from './tcp-parts.ts'

/** How long a client may take to read the end before the TCP connection is cut [C62]. */
const CLOSE_TIMEOUT_MS = 1_000

const COMMENT_CHUNK = httpChunk(SSE_COMMENT)

/** What all streams of a server share. */
export interface StreamTimes {
  readonly clock: Clock
  /** After how many ms the client shall come back, when the stream ends, or for a shutdown. */
  retryMs(isShutdown: boolean): number
}

export class SseSocket implements Socket {
  readonly #response: ServerResponse
  readonly #tcp: TcpSocket
  readonly #times: StreamTimes
  readonly #isChunked: boolean

  /** The head of the response MUST have been written. */
  constructor(response: ServerResponse, tcp: TcpSocket, times: StreamTimes) {
    this.#response = response
    this.#tcp = tcp
    this.#times = times
    this.#isChunked = isChunked(response)
    this.#tellRetry(false)
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

  /** Whole events in whole chunks, where the response is in chunks. */
  write(frames: Buffer): void {
    // Straight to the TCP socket, after the head: the response would gather all writes of a turn.
    if (!this.#response.writableEnded && !this.#tcp.destroyed) this.#tcp.write(frames)
  }

  /**
   * A comment keeps proxies awake; a client that is gone is found by the bytes that it does not
   * take.
   */
  ping(): boolean {
    this.write(this.#isChunked ? COMMENT_CHUNK : SSE_COMMENT)
    return false
  }

  ask(): boolean {
    return false
  }

  /**
   * A stream carries no close code: the client connects again, later after a shutdown, and gets a
   * status if it is refused.
   */
  close(code: number): void {
    if (this.#response.writableEnded) return
    if (code === CLOSE.shutdown.code) this.#tellRetry(true)
    this.#response.end()
    this.#times.clock.after(CLOSE_TIMEOUT_MS, () => this.#tcp.destroy())
  }

  terminate(): void {
    this.#tcp.destroy()
  }

  #tellRetry(isShutdown: boolean): void {
    const block = retryBlock(this.#times.retryMs(isShutdown))
    this.write(this.#isChunked ? httpChunk(block) : block)
  }
}

/** Whether the client of this response reads chunks: HTTP/1.0 has none. */
export function isChunked({ req }: ServerResponse): boolean {
  return req.httpVersionMajor > 1 || req.httpVersionMinor > 0
}
