// Follows a room by server-sent events, as `curl -N` would.
import { EventStream, type StreamEvent } from './event-stream.ts'
import { until } from './until.ts'

export class Following {
  readonly response: Response
  readonly stream = new EventStream()
  /** The events that say where it starts. */
  readonly positions: StreamEvent[] = []
  readonly #controller: AbortController
  #events: StreamEvent[] = []
  #ended = false

  constructor(response: Response, controller: AbortController) {
    this.response = response
    this.#controller = controller
    void this.#read()
  }

  /** Waits for so many events besides the positions, takes them and gives them. */
  async take(count: number): Promise<StreamEvent[]> {
    const what = `${count} events of ${this.response.url}`
    await until(() => this.#events.length >= count || this.#ended, { what })
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
        const events = Map.groupBy(this.stream.take(), ({ event }) => event === 'position')
        this.positions.push(...(events.get(true) ?? []))
        this.#events.push(...(events.get(false) ?? []))
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

/** A reset to a position, as a stream tells it. */
export function resetTo(epoch: string, offset: number, redactions = 0): StreamEvent {
  return {
    id: `${epoch}:${offset}`,
    event: 'reset',
    data: JSON.stringify({ epoch, offset, redactions }),
  }
}
