// A link whose channels can be held up, cut and made to repeat themselves, and whose Redis can seem
// to be another run: the commands reach a real one.
import type { Argument, OnDoubt, RedisLink, Reply } from '../../../src/engine/redis/link.ts'
import type { Script } from '../../../src/engine/redis/scripts.ts'

const UNKEPT = 'e'.charCodeAt(0)

type Listener = (message: Buffer) => void

/** What the channels do with what they are told. */
type Mode = 'open' | 'held' | 'cut'

export class FaultyLink implements RedisLink {
  /** So many messages are lost without a sign. */
  deafFor = 0
  /** Null for the run that the real one has. */
  currentRun: string | null = null
  /** Waits before the answer of a command is given, while there is one. */
  pause: (() => Promise<void>) | null = null
  readonly #inner: RedisLink
  readonly #doubters = new Set<OnDoubt>()
  readonly #heard: [Listener, Buffer][] = []
  #held: [Listener, Buffer][] = []
  #mode: Mode = 'open'

  constructor(inner: RedisLink) {
    this.#inner = inner
    inner.onDoubt((reason) => {
      if (this.#mode !== 'cut') this.#doubt(reason)
    })
  }

  get away(): string | null {
    return this.#inner.away
  }

  get waiting(): number {
    return this.#inner.waiting
  }

  async send(key: string, command: readonly [string, ...Argument[]]): Promise<Reply> {
    const reply = await this.#inner.send(key, command)
    await this.pause?.()
    return reply
  }

  async run(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
  ): Promise<Reply> {
    const reply = await this.#inner.run(script, keys, args)
    await this.pause?.()
    return reply
  }

  runOf(key: string): string {
    return this.currentRun ?? this.#inner.runOf(key)
  }

  async subscribe(channel: string, onMessage: Listener): Promise<void> {
    await this.#inner.subscribe(channel, (message) => {
      if (this.#mode === 'held') this.#held.push([onMessage, message])
      else if (this.#mode === 'open') this.#hear(onMessage, message)
    })
  }

  unsubscribe(channel: string): void {
    this.#inner.unsubscribe(channel)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    this.#doubters.add(onDoubt)
    return () => void this.#doubters.delete(onDoubt)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  hold(): void {
    if (this.#mode === 'open') this.#mode = 'held'
  }

  /** What was held comes now, in its order. */
  release(): void {
    if (this.#mode === 'held') this.#mode = 'open'
    for (const [listener, message] of this.#held.splice(0)) this.#hear(listener, message)
  }

  cut(): void {
    this.#mode = 'cut'
    this.#held = []
  }

  /** The channels are subscribed again, and what was told meanwhile is lost. */
  back(): void {
    this.release()
    this.#mode = 'open'
    this.#doubt('The channels were lost.')
  }

  /** One of the last messages comes a second time. */
  repeat(last: number): void {
    const [listener, message] = this.#heard.at(-last) ?? []
    // A message that is not kept has no position by which a second one could be known.
    if (this.#mode === 'open' && message !== undefined && message[0] !== UNKEPT) listener?.(message)
  }

  #doubt(reason: string): void {
    for (const doubt of this.#doubters) doubt(reason, () => true)
  }

  #hear(listener: Listener, message: Buffer): void {
    if (this.deafFor > 0) {
      this.deafFor -= 1
      return
    }
    this.#heard.push([listener, message])
    listener(message)
  }
}
