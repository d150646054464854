// The Socket port on a response that streams server-sent events.
import type { ServerResponse } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import type { Socket } from '../../src/connection/socket.ts'
import type { Clock } from '../../src/time/clock.ts'
import { SSE_COMMENT } from '../../src/wire/sse.ts'

/** How long a client may take to read the end before the TCP connection is cut [C62]. */
const CLOSE_TIMEOUT_MS = 1_000

export class SseSocket implements Socket {
  readonly #response: ServerResponse
  readonly #tcp: TcpSocket
  readonly #clock: Clock

  /** The head of the response MUST have been written. */
  constructor(response: ServerResponse, tcp: TcpSocket, clock: Clock) {
    this.#response = response
    this.#tcp = tcp
    this.#clock = clock
  }

  get bufferedBytes(): number {
    return this.#tcp.writableLength
  }

  get bytesRead(): number {
    return this.#tcp.bytesRead
  }

  write(frames: Buffer): void {
    // Straight to the TCP socket, after the head: the response would gather all writes of a turn.
    if (!this.#response.writableEnded && !this.#tcp.destroyed) this.#tcp.write(frames)
  }

  /**
   * A comment keeps proxies awake; a client that is gone is found by the bytes that it does not
   * take.
   */
  ping(): boolean {
    this.write(SSE_COMMENT)
    return false
  }

  /**
   * A stream carries no close code: the client connects again, and gets a status if it is refused.
   */
  close(): void {
    if (this.#response.writableEnded) return
    this.#response.end()
    this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#tcp.destroy())
  }

  terminate(): void {
    this.#tcp.destroy()
  }
}
