// Follows a room by server-sent events, as `curl -N` would.
import { EventStream, type StreamEvent } from './event-stream.ts'
import { until } from './until.ts'

export class Following {
  readonly response: Response
  readonly stream = new EventStream()
  readonly #controller: AbortController
  #events: StreamEvent[] = []
  #ended = false

  constructor(response: Response, controller: AbortController) {
    this.response = response
    this.#controller = controller
    void this.#read()
  }

  /** Waits for so many events, takes them and gives them. */
  async take(count: number): Promise<StreamEvent[]> {
    await until(() => this.#events.length >= count || this.#ended)
    return this.#events.splice(0, count)
  }

  async data(count: number): Promise<string[]> {
    return (await this.take(count)).map(({ data }) => data)
  }

  /** Resolves when the server has ended it. */
  async ended(): Promise<void> {
    await until(() => this.#ended)
  }

  stop(): void {
    this.#controller.abort()
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of this.response.body ?? []) {
        this.stream.push(decoder.decode(chunk, { stream: true }))
        this.#events.push(...this.stream.take())
      }
    } catch {
      // Stopped by us, or cut.
    }
    this.#ended = true
  }
}

export async function follow(url: string, headers: Record<string, string>): Promise<Following> {
  const controller = new AbortController()
  const accept = { accept: 'text/event-stream' }
  const response = await fetch(url, {
    headers: { ...accept, ...headers },
    signal: controller.signal,
  })
  return new Following(response, controller)
}
