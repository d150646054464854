// The Socket port on ws. Frames are written straight to the TCP socket that the upgrade came on:
// ws without compression writes there itself, synchronously and unqueued, so both stay in order.
import type { Socket as TcpSocket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Connection, Farewell } from '../src/connection/connection.ts'
import type { Socket } from '../src/connection/socket.ts'

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the close code. */
const REASON_BYTES_MAX = 123

export class WsSocket implements Socket {
  readonly #ws: WebSocket
  readonly #tcp: TcpSocket

  constructor(ws: WebSocket, tcp: TcpSocket) {
    this.#ws = ws
    this.#tcp = tcp
  }

  get bufferedBytes(): number {
    return this.#tcp.writableLength
  }

  write(frames: Buffer): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#tcp.write(frames)
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping()
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, Buffer.from(reason).subarray(0, REASON_BYTES_MAX))
  }

  terminate(): void {
    this.#ws.terminate()
  }
}

/** Who is told how connections end. */
export type Farewells = (connection: Connection, farewell: Farewell) => void

/** What a ws of ours carries, so that its listeners can be shared by all: no closures. */
interface Owned extends WebSocket {
  [kOwner]: Owner
}

interface Owner {
  connection: Connection
  onEnd: Farewells
  /** Why ws gave up on the client, when it did. */
  error: Error | null
}

const kOwner = Symbol('usher.owner')

/** Lets a connection hear its socket. MUST be called in the turn of the upgrade. */
export function listen(ws: WebSocket, connection: Connection, onEnd: Farewells): void {
  const owned = Object.assign(ws, { [kOwner]: { connection, onEnd, error: null } })
  // The listener that came with the upgrade holds the whole request for as long as we live.
  owned.removeAllListeners('error')
  owned.on('message', onMessage)
  owned.on('ping', onAlive)
  owned.on('pong', onAlive)
  owned.on('error', onError)
  owned.on('close', onClose)
}

function ownerOf(ws: WebSocket): Owner {
  return (ws as Owned)[kOwner]
}

function onMessage(this: WebSocket, data: Buffer, binary: boolean): void {
  ownerOf(this).connection.receive(data, binary)
}

function onAlive(this: WebSocket): void {
  ownerOf(this).connection.alive()
}

/** ws closes by itself with the code that fits: too big, not UTF-8, not a frame. */
function onError(this: WebSocket, error: Error): void {
  ownerOf(this).error = error
}

function onClose(this: WebSocket, code: number): void {
  const { connection, onEnd, error } = ownerOf(this)
  const farewell = connection.ended(code)
  onEnd(connection, error && !farewell.byServer ? { ...farewell, reason: error.message } : farewell)
}
