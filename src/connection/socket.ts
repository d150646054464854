// The port that a connection writes to. The real one is plugins/transports/websocket-socket.ts.

/**
 * An open WebSocket or event stream as a connection sees it. No call may throw, also not after the
 * end; after `close` nothing but the close frame is written.
 */
export interface Socket {
  /** Bytes that were written and have not reached the operating system. */
  readonly bufferedBytes: number
  /** All bytes that ever came in, also parts of a message that is not whole yet. */
  readonly bytesRead: number
  /** All bytes that the operating system ever took, also parts of a write that is not whole yet. */
  readonly takenBytes: number
  /** Writes whole frames as they are, in one piece. */
  write(frames: Buffer): void
  /** False when the transport has no answer to pings, so that silence means nothing. */
  ping(): boolean
  /** A ping whose answer comes as `Connection.answered`. False where there are no such answers. */
  ask(question: number): boolean
  /** Sends a close frame and ends the socket in a bounded time, answered or not. */
  close(code: number, reason: string): void
  /** Ends the socket at once, without a close frame. */
  terminate(): void
}
