// A client of the rich protocol in JSON that has no WebSocket: it reads lines, or server-sent
// events, and sends commands in requests of their own.
import { EventStream } from './event-stream.ts'
import { until, within } from './until.ts'

// biome-ignore lint/suspicious/noExplicitAny: a reply has any of many fields.
export type Reply = any

type Headers = Record<string, string>

const JSON_TYPE = { 'content-type': 'application/json' }

export class ReplyStream {
  readonly response: Response
  readonly url: string
  /** What it sends with each request. */
  headers: Headers
  /** All that came, in order; a ping is an object without fields. */
  readonly replies: Reply[] = []
  hasEnded = false
  readonly #controller: AbortController
  readonly #events: EventStream | null
  #text = ''

  constructor(response: Response, controller: AbortController, headers: Headers) {
    this.response = response
    // With the prefix of an application, if there is one.
    this.url = response.url.slice(0, response.url.indexOf('/connection/'))
    this.headers = headers
    this.#controller = controller
    const isEvents = response.headers.get('content-type')?.startsWith('text/event-stream')
    this.#events = isEvents ? new EventStream() : null
    void this.#read()
  }

  /** The first reply, from now or before, for which `is` holds. */
  async find(is: (reply: Reply) => boolean, what = 'a reply'): Promise<Reply> {
    const found = () => this.replies.find(is)
    await until(() => found() !== undefined || this.hasEnded, { what })
    return found() ?? null
  }

  /** The answer to the command with this id; null where the stream ends before. */
  reply(id: number): Promise<Reply> {
    return this.find((reply) => reply.id === id, `the reply to ${id}`)
  }

  /** The node and the session to send to. */
  async uplink(): Promise<{ node: string; session: string }> {
    const { node, session } = (await this.reply(1)).connect
    return { node, session }
  }

  /** The code and reason with which the server closed it, once it has ended. */
  async closing(): Promise<Reply> {
    await this.ended()
    return this.replies.find(({ push }) => push?.disconnect)?.push.disconnect ?? null
  }

  async ended(): Promise<void> {
    await until(() => this.hasEnded, { what: 'the end of a stream' })
  }

  /** Sends commands in one request; resolves with the status. */
  async send(...commands: object[]): Promise<number> {
    const data = commands.map((command) => JSON.stringify(command)).join('\n')
    return sendUp(this.url, { ...(await this.uplink()), data }, this.headers)
  }

  /** Sends a command, and gives its reply. */
  async ask(command: { id: number; [request: string]: unknown }): Promise<Reply> {
    const status = await this.send(command)
    if (status !== 204) throw new Error(`a command was answered ${status}`)
    return this.reply(command.id)
  }

  stop(): void {
    this.#controller.abort()
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of this.response.body ?? []) {
        this.#take(decoder.decode(chunk, { stream: true }))
      }
    } catch {
      // Stopped by us, or cut.
    }
    this.hasEnded = true
  }

  #take(text: string): void {
    if (this.#events !== null) {
      this.#events.push(text)
      for (const { data } of this.#events.take()) this.replies.push(JSON.parse(data))
      return
    }
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) this.replies.push(JSON.parse(line))
  }
}

/** Any body; resolves with the status. */
export async function sendUp(url: string, body: object | string, headers: Headers = {}) {
  const response = await fetch(`${url}/emulation`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  await response.arrayBuffer()
  return response.status
}

export type Carrier = 'http_stream' | 'sse'

export interface StreamOpening {
  carrier?: Carrier
  /** The fields of the connect command. */
  connect?: object
  headers?: Headers
}

/** Resolves with the answer, whatever its status. */
export async function openStream(
  url: string,
  { carrier = 'http_stream', connect = {}, headers = {} }: StreamOpening = {},
): Promise<ReplyStream> {
  const command = JSON.stringify({ id: 1, connect })
  const controller = new AbortController()
  const { signal } = controller
  const path = `${url}/connection/${carrier}`
  const response =
    carrier === 'sse'
      ? fetch(`${path}?cf_connect=${encodeURIComponent(command)}`, { headers, signal })
      : fetch(path, {
          method: 'POST',
          headers: { ...JSON_TYPE, ...headers },
          body: command,
          signal,
        })
  const answer = await within(response, { what: 'the head of a stream' })
  return new ReplyStream(answer, controller, headers)
}
