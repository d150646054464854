// A client that offers compression, reads in pieces of a size that a test chooses, judges every
// byte, and answers as the RFC wants.
import { connect, type Socket } from 'node:net'
import { upgradeRequest } from '../support/client.ts'
import { type ClientFrame, clientFrame, OPCODE } from '../support/frames.ts'
import { until } from '../support/until.ts'
import { StrictReader } from './strict-reader.ts'

/** The extension that browsers offer; a server that accepts it must set reserved bits. */
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }

export interface StrictOptions {
  headers?: Record<string, string>
  /** Upper bound of the bytes that one read of the operating system gives. */
  readBytes?: number
  /** Whether it answers pings and closes by itself. */
  answers?: boolean
}

export class StrictClient {
  readonly socket: Socket
  readonly reader = new StrictReader()
  head = ''
  ended = false
  readonly #answers: boolean
  #answered = 0

  constructor(url: string, { readBytes = 65_536, answers = true }: StrictOptions) {
    const { hostname, port } = new URL(url)
    this.#answers = answers
    const callback = (count: number, bytes: Uint8Array): boolean => {
      this.#take(Buffer.from(bytes.subarray(0, count)))
      return true
    }
    const onread = { buffer: Buffer.alloc(readBytes), callback }
    this.socket = connect({ host: hostname, port: Number(port), onread })
    this.socket.setNoDelay(true)
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.ended = true
    })
    this.socket.on('end', () => this.socket.end())
  }

  send(...frames: ClientFrame[]): void {
    this.socket.write(Buffer.concat(frames.map(clientFrame)))
  }

  /**
   * The code and reason of the server's close frame; 1006 when the connection ended without one.
   */
  async closing(): Promise<{ code: number; reason: string }> {
    await until(() => this.reader.closing !== null || this.ended)
    return this.reader.closing ?? { code: 1_006, reason: '' }
  }

  /** Resolves when both sides have ended the connection. */
  async gone(): Promise<void> {
    await until(() => this.ended)
  }

  #take(bytes: Buffer): void {
    if (this.head.endsWith('\r\n\r\n')) this.reader.push(bytes)
    else this.#takeHead(bytes)
    if (this.#answers) this.#answer()
  }

  #takeHead(bytes: Buffer): void {
    const text = this.head + bytes.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) {
      this.head = text
      return
    }
    const ours = end + 4 - this.head.length
    this.head = text.slice(0, end + 4)
    this.reader.push(bytes.subarray(ours))
  }

  #answer(): void {
    const { controls } = this.reader
    for (; this.#answered < controls.length; this.#answered += 1) {
      const control = controls[this.#answered]
      if (control === undefined || !this.socket.writable) return
      const { name, payload } = control
      if (name === 'ping') this.send({ opcode: OPCODE.pong, payload })
      if (name === 'close') this.send({ opcode: OPCODE.close, payload })
    }
  }
}

/** Resolves after the 101, in which the server must have accepted no extension. */
export async function strictConnect(
  url: string,
  path: string,
  options: StrictOptions = {},
): Promise<StrictClient> {
  const client = new StrictClient(url, options)
  client.socket.write(upgradeRequest(path, { ...OFFER, ...options.headers }))
  await until(() => client.head.endsWith('\r\n\r\n') || client.ended)
  if (!client.head.startsWith('HTTP/1.1 101 ')) throw new Error(`refused: ${client.head}`)
  if (/sec-websocket-extensions/i.test(client.head)) throw new Error('an extension was accepted')
  return client
}
