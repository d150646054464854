// A link to Redis that a test can cut: commands find Redis away, and what channels tell meanwhile
// is lost, until the link comes back at once.
import { EngineUnavailable } from '../../src/engine/engine.ts'
import type { OnDoubt, RedisLink } from '../../src/engine/redis/link.ts'

const CUT = 'The link was cut.'

export class CutLink implements RedisLink {
  readonly #link: RedisLink
  readonly #doubters = new Set<OnDoubt>()
  #isCut = false
  #isDeaf = false

  constructor(link: RedisLink) {
    this.#link = link
  }

  get away(): string | null {
    return this.#isCut ? CUT : this.#link.away
  }

  get waiting(): number {
    return this.#link.waiting
  }

  /** Returns how to mend it. */
  cut(): () => void {
    this.#isCut = true
    return () => {
      this.#isCut = false
      for (const onDoubt of this.#doubters) onDoubt(CUT, () => true)
    }
  }

  /** Loses what channels tell, and nothing else; returns how to mend it. */
  deafen(): () => void {
    this.#isDeaf = true
    return () => {
      this.#isDeaf = false
      for (const onDoubt of this.#doubters) onDoubt(CUT, () => true)
    }
  }

  async send(...args: Parameters<RedisLink['send']>) {
    this.#check()
    return this.#link.send(...args)
  }

  async run(...args: Parameters<RedisLink['run']>) {
    this.#check()
    return this.#link.run(...args)
  }

  runOf(key: string): string {
    this.#check()
    return this.#link.runOf(key)
  }

  async subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    this.#check()
    await this.#link.subscribe(channel, (message) => {
      if (!this.#isCut && !this.#isDeaf) onMessage(message)
    })
  }

  unsubscribe(channel: string): void {
    this.#link.unsubscribe(channel)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    this.#doubters.add(onDoubt)
    const stop = this.#link.onDoubt(onDoubt)
    return () => {
      stop()
      this.#doubters.delete(onDoubt)
    }
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  #check(): void {
    if (this.#isCut) throw new EngineUnavailable(CUT)
  }
}
