// The channels of one connection, and all of them again on a fresh one.
import type { Client } from './connection.ts'

/** Names in one command: a fresh connection has many, and none of them waits for a huge one. */
const CHANNELS_AT_ONCE = 1_000

export class Subscriptions {
  readonly #listeners = new Map<string, (message: Buffer) => void>()

  /** Resolves when the channel is subscribed on this connection. */
  async add(channel: string, onMessage: (message: Buffer) => void, client: Client): Promise<void> {
    this.#listeners.set(channel, onMessage)
    try {
      await client.sSubscribe(channel, this.#hear, true)
    } catch (error) {
      if (this.#listeners.get(channel) === onMessage) this.#listeners.delete(channel)
      throw error
    }
  }

  remove(channel: string, client: Client | null): void {
    this.#listeners.delete(channel)
    client?.sUnsubscribe(channel, this.#hear, true).catch(() => {})
  }

  /** Subscribes everything on a fresh connection. */
  async begin(client: Client): Promise<void> {
    const channels = [...this.#listeners.keys()]
    for (let from = 0; from < channels.length; from += CHANNELS_AT_ONCE) {
      await client.sSubscribe(channels.slice(from, from + CHANNELS_AT_ONCE), this.#hear, true)
    }
  }

  readonly #hear = (message: Buffer, channel: Buffer): void => {
    this.#listeners.get(channel.toString())?.(message)
  }
}
