// Clients that come back soon when their connection ends, after what they heard last: one by the
// rich protocol, and one that follows a stream.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type Following, follow } from '../support/follow.ts'
import type { Person } from '../support/people.ts'
import { openRich, type RichClient } from '../support/rich-client.ts'

const BACK_AFTER_MS = 20

export interface MoverOptions {
  /** Of the proxy. */
  url: string
  room: string
  person: Person
}

/** How a client connects, and goes on where its former connection ended. */
export interface Way {
  readonly heard: readonly string[]
  /** Whether it has a position to go on from. */
  readonly isThere: boolean
  /** From the request to how it ended. Rejects where there was none. */
  connection(): Promise<string>
  end(): void
}

export class Mover {
  /** How its connections ended, but for the last. */
  readonly ends: string[] = []
  readonly way: Way
  #isStopped = false

  constructor(way: Way) {
    this.way = way
  }

  /** Resolves when it was stopped. */
  async stay(): Promise<void> {
    while (!this.#isStopped) {
      const end = await this.way.connection().catch(({ message }: Error) => message)
      if (this.#isStopped) return
      this.ends.push(end)
      await pause(BACK_AFTER_MS)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.way.end()
  }
}

interface Publication {
  offset: number
  data: string
}

export class RichWay implements Way {
  readonly heard: string[] = []
  readonly #options: MoverOptions
  #at: { epoch: string; offset: number } | null = null
  #rich: RichClient | null = null

  constructor(options: MoverOptions) {
    this.#options = options
  }

  get isThere(): boolean {
    return this.#at !== null
  }

  end(): void {
    this.#rich?.client.ws.terminate()
  }

  async connection(): Promise<string> {
    const { url, room, person } = this.#options
    const rich = await openRich(url, { headers: person.bearer })
    this.#rich = rich
    const { ws } = rich.client
    const ended = once(ws, 'close').then(([code]) => String(code))
    await rich.ask('connect')
    const recover = this.#at === null ? {} : { recover: true, ...this.#at }
    const { subscribe } = await rich.ask('subscribe', { channel: room, ...recover })
    this.#at ??= { epoch: subscribe.epoch, offset: subscribe.offset ?? 0 }
    for (const publication of subscribe.publications ?? []) this.#hear(publication)
    const read = () => {
      for (const { pub } of rich.pushes.splice(0)) if (pub) this.#hear(pub)
    }
    ws.on('message', read)
    read()
    return ended
  }

  #hear({ offset, data }: Publication): void {
    this.heard.push(data)
    if (this.#at) this.#at.offset = offset
  }
}

export class StreamWay implements Way {
  readonly heard: string[] = []
  readonly #options: MoverOptions
  #last: string | null = null
  #following: Following | null = null

  constructor(options: MoverOptions) {
    this.#options = options
  }

  get isThere(): boolean {
    return this.#following?.positions[0] !== undefined
  }

  end(): void {
    this.#following?.stop()
  }

  async connection(): Promise<string> {
    const { url, room, person } = this.#options
    const last = this.#last === null ? {} : { 'last-event-id': this.#last }
    const following = await follow(`${url}/rooms/${room}`, { ...person.bearer, ...last })
    this.#following = following
    const { status } = following.response
    if (status !== 200) return String(status)
    for (;;) {
      const [event] = await following.take(1)
      this.#last ??= following.positions[0]?.id ?? null
      if (event === undefined) return 'the stream ended'
      this.#last = event.id
      this.heard.push(JSON.parse(event.data))
    }
  }
}
