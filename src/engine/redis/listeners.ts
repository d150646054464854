// Who listens to a link: one listener for each channel, and those that are told of doubts.
import type { OnDoubt } from './link.ts'

type OnMessage = (message: Buffer) => void

export class Listeners {
  readonly #channels = new Map<string, OnMessage>()
  readonly #doubters = new Set<OnDoubt>()

  has(channel: string): boolean {
    return this.#channels.has(channel)
  }

  /** Adds the listener for as long as `subscribed` does not reject. */
  async add(
    channel: string,
    onMessage: OnMessage,
    subscribe: () => Promise<unknown>,
  ): Promise<void> {
    this.#channels.set(channel, onMessage)
    try {
      await subscribe()
    } catch (error) {
      if (this.#channels.get(channel) === onMessage) this.#channels.delete(channel)
      throw error
    }
  }

  delete(channel: string): void {
    this.#channels.delete(channel)
  }

  hear(channel: string, message: Buffer): void {
    this.#channels.get(channel)?.(message)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    this.#doubters.add(onDoubt)
    return () => {
      this.#doubters.delete(onDoubt)
    }
  }

  doubt(reason: string, isConcerned: (channel: string) => boolean): void {
    for (const doubter of this.#doubters) doubter(reason, isConcerned)
  }
}
