// A connection for sharded channels. The client library takes a channel that Redis ended (its slot
// has moved) for the answer to whatever command waits just then, and so loses it without a word.
// Here answers are matched by name.
import type { Access, Server } from './address.ts'
import type { Wire } from './connection.ts'
import type { Reply } from './link.ts'
import { RespWire } from './resp-wire.ts'

export interface ChannelEvents {
  onMessage(channel: string, message: Buffer): void
  /** Redis ended the subscription: the slot of the channel has moved. */
  onEnded(channel: string): void
}

export class ChannelWire implements Wire {
  readonly #events: ChannelEvents
  readonly #wire: RespWire

  constructor(server: Server, access: Access, events: ChannelEvents) {
    const { username = 'default', password } = access
    const login = password === undefined ? [] : ['AUTH', username, password]
    this.#events = events
    this.#wire = new RespWire(server, access, {
      greeting: ['HELLO', '3', ...login],
      onPush: (push) => this.#onPush(push),
    })
  }

  on(event: 'error' | 'end', listener: (error: unknown) => void): void {
    this.#wire.on(event, listener)
  }

  connect(): Promise<void> {
    return this.#wire.connect()
  }

  destroy(reason?: string): void {
    this.#wire.destroy(reason)
  }

  get waiting(): number {
    return this.#wire.waiting
  }

  /** See `RespWire.look`. */
  look(): number {
    return this.#wire.look()
  }

  /** Sends a command with one answer. */
  ask(...command: readonly string[]): Promise<Reply> {
    return this.#wire.sendCommand(command)
  }

  async subscribe(channel: string): Promise<void> {
    await this.ask('SSUBSCRIBE', channel)
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.ask('SUNSUBSCRIBE', channel)
  }

  #onPush([kind, channel, message]: readonly Buffer[]): void {
    const name = String(channel)
    switch (String(kind)) {
      case 'smessage':
        if (message !== undefined) this.#events.onMessage(name, message)
        return
      case 'ssubscribe':
        this.#wire.answer(null)
        return
      case 'sunsubscribe':
        if (this.#isAwaited('SUNSUBSCRIBE', name)) this.#wire.answer(null)
        else this.#events.onEnded(name)
    }
  }

  #isAwaited(...command: readonly string[]): boolean {
    return command.every((word, place) => this.#wire.awaited[place] === word)
  }
}
