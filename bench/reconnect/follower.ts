// One who follows by server-sent events on a bare socket, and knows whether it missed anything.
import { connect, type Socket } from 'node:net'
import { EventWalker } from './event-walker.ts'
import { ROOM } from './server.ts'

/** All sockets read into the same bytes. */
const SHARED = Buffer.allocUnsafeSlow(65_536)
/** From one source address, so that a bound per address would be felt as it is in life. */
const PER_ADDRESS = 500
const STATUS_AT = 'HTTP/1.1 '.length
const HEAD_END = '\r\n\r\n'

export interface Gone {
  /** It had everything until then. */
  wasBack: boolean
  /** What was answered; 0 for nothing. */
  status: number
}

/** What a crowd is told by its people. */
export interface Told {
  /** The line is up, and the server has accepted it. */
  onAccepted(): void
  /** It has everything that was said before it came back. */
  onBack(follower: Follower): void
  /** The line is gone, or never was. */
  onGone(follower: Follower, gone: Gone): void
  /** Something is missing, or came twice. */
  onWrong(what: string): void
}

export interface FollowerParts {
  number: number
  token: string
  port: number
  told: Told
}

export class Follower {
  readonly number: number
  /** The last it heard; null before the stream first opened. */
  offset: number | null = null
  isBack = false
  /** How often it was turned away since it was last in. */
  attempts = 0
  startedAt = 0
  #target = 0
  readonly #parts: FollowerParts
  #socket: Socket | null = null
  #walker = new EventWalker((offset, kind) => this.#onEvent(offset, kind))
  #head: string | null = ''
  #status = 0

  constructor(parts: FollowerParts) {
    this.number = parts.number
    this.#parts = parts
  }

  /** `newest` is the offset that it must reach to have everything. */
  connect(epoch: string, newest: number): void {
    const { port, told } = this.#parts
    this.#target = newest
    this.startedAt = performance.now()
    this.#head = ''
    this.#status = 0
    this.#walker = new EventWalker((offset, kind) => this.#onEvent(offset, kind))
    const socket: Socket = connect({
      ...{ port, host: '127.0.0.1', noDelay: true },
      localAddress: `127.0.0.${2 + Math.floor(this.number / PER_ADDRESS)}`,
      onread: {
        buffer: SHARED,
        callback: (length, bytes) => this.#socket !== socket || this.#onChunk(bytes, length),
      },
    })
    this.#socket = socket
    socket.once('connect', () => told.onAccepted())
    socket.on('error', () => undefined)
    socket.once('close', () => {
      if (this.#socket === socket) this.#gone()
    })
    socket.write(this.#request(epoch))
  }

  /** Gone without a word. */
  cut(): void {
    this.#socket?.destroy()
    this.#socket = null
    this.isBack = false
  }

  #gone(): void {
    const gone = { wasBack: this.isBack, status: this.#status }
    this.isBack = false
    this.#parts.told.onGone(this, gone)
  }

  #request(epoch: string): string {
    const lines = [
      `GET /rooms/${ROOM} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Accept: text/event-stream',
      `Authorization: Bearer ${this.#parts.token}`,
      ...(this.offset === null ? [] : [`Last-Event-ID: ${epoch}:${this.offset}`]),
    ]
    return lines.join('\r\n') + HEAD_END
  }

  /** True goes on reading. */
  #onChunk(bytes: Uint8Array, length: number): true {
    if (this.#head === null) this.#walker.walk(bytes, 0, length)
    else this.#onHead(this.#head + Buffer.from(bytes.buffer, 0, length).toString('latin1'))
    if (this.isBack || this.offset === null || this.#status !== 200) return true
    if (this.offset < this.#target) return true
    this.isBack = true
    this.attempts = 0
    this.#parts.told.onBack(this)
    return true
  }

  #onHead(head: string): void {
    this.#head = head
    const end = head.indexOf(HEAD_END)
    if (end < 0) return
    this.#status = Number(head.slice(STATUS_AT, STATUS_AT + 3))
    if (this.#status !== 200) return
    this.#head = null
    const rest = Buffer.from(head.slice(end + HEAD_END.length), 'latin1')
    this.#walker.walk(rest, 0, rest.length)
  }

  #onEvent(offset: number, kind: 'opens' | 'says' | 'other'): void {
    const expected = (this.offset ?? offset) + (kind === 'says' && this.offset !== null ? 1 : 0)
    if (offset !== expected || kind === 'other') {
      this.#parts.told.onWrong(`${this.number} has ${this.offset} and got ${offset} (${kind})`)
    }
    this.offset = offset
  }
}
