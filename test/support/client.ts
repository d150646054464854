// A WebSocket client for tests: incoming frames are queued, and every wait is for a condition.
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import WebSocket, { type ClientOptions } from 'ws'
import { within } from './until.ts'

export interface Frame {
  data: Buffer
  binary: boolean
}

export interface Closing {
  code: number
  reason: string
}

/** A refused upgrade: the HTTP answer in full. */
export interface RefusedUpgrade {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: { error: string; code: number; message: string }
}

export class Client {
  readonly ws: WebSocket
  readonly #closed: Promise<Closing>
  readonly #frames: Frame[] = []
  readonly #waiting: ((frame: Frame) => void)[] = []

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer, binary) => this.#arrive({ data: Buffer.from(data), binary }))
    ws.on('error', () => undefined)
    this.#closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** The code and reason, once it is closed. */
  get closed(): Promise<Closing> {
    return within(this.#closed, { what: `the close of ${this.ws.url}` })
  }

  /** The next frame, whether it is here already or still to come. */
  next(): Promise<Frame> {
    const frame = this.#frames.shift()
    if (frame) return Promise.resolve(frame)
    const arrival = new Promise<Frame>((resolve) => this.#waiting.push(resolve))
    return within(arrival, { what: `a frame of ${this.ws.url}` })
  }

  /** The next frame as text. */
  async text(): Promise<string> {
    return (await this.next()).data.toString()
  }

  /** The frames that are here and were not asked for. */
  get unread(): readonly Frame[] {
    return this.#frames
  }

  send(data: string | Buffer): void {
    this.ws.send(data)
  }

  /** Closes, and resolves when the server has answered. */
  async close(): Promise<Closing> {
    this.ws.close(1000, 'done')
    return this.closed
  }

  #arrive(frame: Frame): void {
    const waiting = this.#waiting.shift()
    if (waiting) waiting(frame)
    else this.#frames.push(frame)
  }
}

export interface ConnectOptions extends ClientOptions {
  protocols?: string[]
}

function open(url: string, { protocols = [], ...options }: ConnectOptions): WebSocket {
  return new WebSocket(url.replace(/^http/, 'ws'), protocols, options)
}

/** Resolves when the connection is open; rejects when it is refused. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Client> {
  const ws = open(url, options)
  const client = new Client(ws)
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })
  return client
}

/** Resolves with the refusal; rejects when the upgrade is accepted. */
export async function refused(url: string, options: ConnectOptions = {}): Promise<RefusedUpgrade> {
  const ws = open(url, options)
  ws.on('error', () => undefined)
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    ws.once('unexpected-response', (_request, incoming) => resolve(incoming))
    ws.once('open', () => {
      ws.terminate()
      reject(new Error('the upgrade was accepted'))
    })
  })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString())
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

/** A TCP connection on which a test writes what it likes. */
export async function rawSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** The text of a correct upgrade request; `headers` replace or, when null, remove. */
export function upgradeRequest(path: string, headers: Record<string, string | null> = {}): string {
  const all: Record<string, string | null> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : `${name}: ${value}`,
  )
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}
