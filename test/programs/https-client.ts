// A client that comes to a proxy over TLS, from an address of its own on this machine.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { createGunzip } from 'node:zlib'
import { type Client, connect, type RefusedUpgrade, refused } from '../support/client.ts'
import { EventStream, type StreamEvent } from '../support/event-stream.ts'
import { until } from '../support/until.ts'

/** Linux has all of 127.0.0.0/8: the proxy connects to Usher from 127.0.0.1. */
export const OWN_ADDRESS = '127.0.0.2'

type Headers = Record<string, string>

export class HttpsClient {
  readonly #url: string
  readonly #options: { ca: string; localAddress: string }

  constructor(url: string, ca: string, localAddress = OWN_ADDRESS) {
    this.#url = url
    this.#options = { ca, localAddress }
  }

  /** Sends JSON, and gives the answer with its parsed body. */
  async ask(method: string, path: string, headers: Headers = {}, body?: unknown) {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await this.#send(method, path, { ...type, ...headers }, body)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { statusCode: status = 0, headers: got } = response
    const answer = text === '' ? null : JSON.parse(text)
    return { status, headers: got, body: answer }
  }

  /** The `Content-Encoding` of an answer. */
  async encoding(path: string, headers: Headers): Promise<string | undefined> {
    const response = await this.#send('GET', path, headers)
    response.destroy()
    return response.headers['content-encoding']
  }

  webSocket(path: string, headers: Headers = {}): Promise<Client> {
    return connect(this.#url + path, { headers, ...this.#options })
  }

  /** Resolves with the refusal of a handshake. */
  refused(path: string, headers: Headers = {}): Promise<RefusedUpgrade> {
    return refused(this.#url + path, { headers, ...this.#options })
  }

  /** Resolves with the head of the stream. */
  async follow(path: string, headers: Headers = {}): Promise<StreamReader> {
    const accept = { accept: 'text/event-stream', ...headers }
    const response = await this.#send('GET', path, accept)
    if (response.statusCode !== 200) throw new Error(`no stream: ${response.statusCode}`)
    return new StreamReader(response)
  }

  async #send(method: string, path: string, headers: Headers, body?: unknown) {
    const agent = new Agent({ ...this.#options, maxSockets: 1 })
    const sent = request(this.#url + path, { method, headers, agent })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.once('close', () => agent.destroy())
    return response
  }
}

export class StreamReader {
  readonly stream = new EventStream()
  isOver = false
  readonly #response: IncomingMessage
  readonly #events: StreamEvent[] = []

  constructor(response: IncomingMessage) {
    this.#response = response
    const isCompressed = response.headers['content-encoding'] === 'gzip'
    const bytes = isCompressed ? response.pipe(createGunzip()) : response
    bytes.setEncoding('utf8').on('data', (text) => {
      this.stream.push(text)
      this.#events.push(...this.stream.take())
    })
    bytes.on('error', () => undefined)
    response.on('error', () => undefined)
    response.once('close', () => {
      this.isOver = true
    })
  }

  /** The data of the next message, which must come while the stream stays open. */
  async message(): Promise<string> {
    const isMessage = ({ event }: StreamEvent) => event === 'message' || event === ''
    await until(() => this.#events.some(isMessage) || this.isOver, { what: 'an event', ms: 10_000 })
    const at = this.#events.findIndex(isMessage)
    return this.#events.splice(0, at + 1).at(-1)?.data ?? ''
  }

  stop(): void {
    this.#response.destroy()
  }
}
