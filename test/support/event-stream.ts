// A reader of server-sent events after WHATWG HTML section 9.2.6, for tests.

export interface StreamEvent {
  id: string
  event: string
  data: string
}

export class EventStream {
  lastEventId = ''
  /** Comments are no events; they are counted, because they show that a connection is alive. */
  comments = 0
  /** The last `retry:`, in milliseconds; 0 without one. */
  retryMs = 0
  #text = ''
  #data: string[] = []
  #event = ''
  #id: string | null = null
  #events: StreamEvent[] = []

  push(text: string): void {
    this.#text += text
    // A lone CR at the end may be the first half of CRLF.
    const lines = this.#text.split(/\r\n|\n|\r(?!$)/)
    this.#text = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  /** The events since the last call. */
  take(): StreamEvent[] {
    return this.#events.splice(0)
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) {
      this.comments += 1
      return
    }
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.#data.push(value)
    if (name === 'event') this.#event = value
    if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
    if (name === 'id' && !value.includes('\u0000')) this.#id = value
  }

  #dispatch(): void {
    const id = this.#id
    if (id !== null) this.lastEventId = id
    if (this.#data.length > 0) {
      const event = this.#event === '' ? 'message' : this.#event
      this.#events.push({ id: id ?? '', event, data: this.#data.join('\n') })
    }
    this.#data = []
    this.#event = ''
    this.#id = null
  }
}
