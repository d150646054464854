// The Socket port on ws. Frames are written straight to the TCP socket that the upgrade came on:
// ws without compression writes there itself, synchronously and unqueued, so both stay in order.
// Most frames are written past the stream of that socket, and most messages read past ws.
import type { Socket as TcpSocket } from 'node:net'
import { WebSocket } from 'ws'
import type { Connection } from '../../src/connection/connection.ts'
import type { Farewell } from '../../src/connection/farewell.ts'
import type { Socket } from '../../src/connection/socket.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import type { LimitName } from '../../src/protocol/limits.ts'
import {
  type Handle,
  handleOf,
  takenOf,
  type Waiting,
  type WaitingWrite,
  waitingOf,
} from './tcp-parts.ts'
import { readWholeFrames } from './whole-frames.ts'

const { OPEN } = WebSocket

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the close code. */
const REASON_BYTES_MAX = 123

/** The heartbeat's pings are empty. */
const QUESTION_BYTES = 4

export class WsSocket implements Socket {
  readonly #ws: WebSocket
  readonly #tcp: TcpSocket
  /** Null where only the stream may write. */
  readonly #handle: Handle | null
  readonly #inStream: Waiting
  /** Bytes that were written past the stream and are not all taken. */
  #pastStream = 0

  constructor(ws: WebSocket, tcp: TcpSocket) {
    this.#ws = ws
    this.#tcp = tcp
    this.#handle = handleOf(tcp)
    this.#inStream = waitingOf(tcp)
  }

  get bufferedBytes(): number {
    return this.#pastStream + this.#inStream.length
  }

  get bytesRead(): number {
    return this.#tcp.bytesRead
  }

  get takenBytes(): number {
    return takenOf(this.#tcp)
  }

  write(frames: Buffer): void {
    if (this.#ws.readyState !== OPEN) return
    const handle = this.#handle
    if (handle !== null && this.bufferedBytes === 0) this.#writePast(handle, frames)
    else this.#tcp.write(frames)
  }

  ping(): boolean {
    if (this.#ws.readyState === OPEN) this.#ws.ping()
    return true
  }

  ask(question: number): boolean {
    if (this.#ws.readyState !== OPEN) return false
    const payload = Buffer.alloc(QUESTION_BYTES)
    payload.writeUInt32BE(question)
    this.#ws.ping(payload)
    return true
  }

  close(code: number, reason: string): void {
    // A client that has ended its half can answer no close, and ws sets no deadline then [C62].
    if (this.#tcp.readableEnded) return this.terminate()
    this.#ws.close(code, Buffer.from(reason).subarray(0, REASON_BYTES_MAX))
  }

  terminate(): void {
    this.#ws.terminate()
  }

  /** Past the stream. What the stream is given while it waits goes after it: the handle queues. */
  #writePast(handle: Handle, frames: Buffer): void {
    const answer = handle.writeBuffer(null, frames)
    if (answer === 0) return
    if (typeof answer === 'object') this.#waitFor(answer, frames)
    else this.#tcp.destroy()
  }

  #waitFor(write: WaitingWrite, frames: Buffer): void {
    this.#pastStream = frames.length
    write.buffer = frames
    write.oncomplete = (status) => {
      this.#pastStream = 0
      if (status < 0) this.#tcp.destroy()
    }
    if (write.writeStatus !== null) write.oncomplete(write.writeStatus)
  }
}

/** Callbacks for the end of a connection, and for faults of Usher's own over a message of it. */
export interface Listeners {
  onEnd(connection: Connection, farewell: Farewell): void
  onFault(connection: Connection, error: unknown): void
}

/** A ws that carries its owner, so that all share the same listeners: no closures. */
interface Owned extends WebSocket {
  [kOwner]: Owner
}

/** The largest message that a connection may send, and the limit that says so. */
export interface MessageBound {
  readonly limit: LimitName
  readonly bytes: number
}

interface Owner {
  connection: Connection
  listeners: Listeners
  limit: LimitName
  /** The error that ws closed the connection for; null without one. */
  error: Error | null
}

const kOwner = Symbol('usher.owner')

/** Connects a connection to its socket. MUST be called in the turn of the upgrade. */
export function listen(
  ws: WebSocket,
  connection: Connection,
  listeners: Listeners,
  { limit, bytes }: MessageBound,
): void {
  const owned = ws as Owned
  owned[kOwner] = { connection, listeners, limit, error: null }
  owned.close = closeWithReason
  readWholeFrames(ws, bytes)
  // The listener that the upgrade has added would hold the whole request as long as the socket
  // lives.
  owned.removeAllListeners('error')
  owned.on('message', onMessage)
  owned.on('ping', onPing)
  owned.on('pong', onPong)
  owned.on('error', onError)
  owned.on('close', onClose)
}

function ownerOf(ws: WebSocket): Owner {
  return (ws as Owned)[kOwner]
}

/**
 * Reasons for the codes that ws closes with by itself: it gives none, and Usher's are never empty.
 */
const REASONS: Readonly<Record<number, string>> = {
  1002: 'malformed frame',
  1007: 'invalid UTF-8',
  1008: 'too many fragments',
  [CLOSE.tooBig.code]: CLOSE.tooBig.reason,
}

/** Close codes by the error codes of ws; every other error over a client's bytes is a 1002. */
const FAULTS: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: CLOSE.tooBig.code,
}

function closeWithReason(this: WebSocket, code?: number, reason?: string | Buffer): void {
  WebSocket.prototype.close.call(this, code, reason ?? REASONS[code ?? 0])
}

/**
 * A fault of Usher's own over the message of one client ends the connection of that client alone
 * (S38).
 */
function onMessage(this: WebSocket, data: Buffer, binary: boolean): void {
  const { connection, listeners } = ownerOf(this)
  try {
    connection.receive(data, binary)
  } catch (error) {
    listeners.onFault(connection, error)
    connection.close(CLOSE.internal)
  }
}

function onPing(this: WebSocket): void {
  ownerOf(this).connection.alive()
}

function onPong(this: WebSocket, payload: Buffer): void {
  const { connection } = ownerOf(this)
  if (payload.length === QUESTION_BYTES) connection.answered(payload.readUInt32BE())
  else connection.alive()
}

/** ws closes by itself with the code that fits: too big, not UTF-8, not a frame. */
function onError(this: WebSocket, error: Error): void {
  ownerOf(this).error = error
}

function onClose(this: WebSocket, code: number): void {
  const { connection, listeners, error, ...bound } = ownerOf(this)
  const farewell = connection.ended(code)
  const broken = error === null ? null : codeOfFault(error)
  if (broken === null || farewell.byServer) return listeners.onEnd(connection, farewell)
  const limit = broken === CLOSE.tooBig.code ? bound.limit : null
  const { message: reason } = error as Error
  listeners.onEnd(connection, { code: broken, reason, byServer: true, limit })
}

/** The close code for an error of ws; null when the TCP connection broke. */
function codeOfFault({ code = '' }: Error & { code?: string }): number | null {
  return FAULTS[code] ?? (code.startsWith('WS_ERR_') ? 1002 : null)
}
