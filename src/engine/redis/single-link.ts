// The link to one primary: a server at a fixed address, or the one that Sentinels name.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineUnavailable } from '../engine.ts'
import { addressOf, type Server } from './address.ts'
import { CLOSED } from './errors.ts'
import type { Argument, OnDoubt, RedisLink, Reply } from './link.ts'
import { Listeners } from './listeners.ts'
import { Primary } from './primary.ts'
import type { Script } from './scripts.ts'
import { runScript } from './sender.ts'
import { Sentinels } from './sentinels.ts'

export interface LinkParts {
  url: string
  clock: Clock
  random: Random
}

interface Whereabouts {
  locate(): Promise<Server>
  close(): void
}

export class SingleLink implements RedisLink {
  readonly #primary: Primary
  readonly #whereabouts: Whereabouts
  readonly #listeners = new Listeners()
  #isClosed = false

  constructor({ url, clock, random }: LinkParts) {
    const { access, servers, watched: name } = addressOf(url)
    const sentinels = { clock, random, access, sentinels: servers }
    this.#whereabouts = name === null ? fixed(servers[0]) : new Sentinels({ ...sentinels, name })
    this.#primary = new Primary({
      ...{ clock, random, access },
      locate: () => this.#whereabouts.locate(),
      onMessage: (channel, message) => this.#listeners.hear(channel, message),
      onLost: () => {},
      onBack: (reason) => this.#listeners.doubt(reason, () => true),
    })
  }

  /** Resolves when both connections are ready. Rejects with the reason of the first that is not. */
  open(): Promise<void> {
    return this.#primary.open()
  }

  get away(): string | null {
    return this.#isClosed ? CLOSED : this.#primary.away
  }

  get waiting(): number {
    return this.#primary.waiting
  }

  send(_key: string, command: readonly [string, ...Argument[]]): Promise<Reply> {
    return this.#call(() => this.#primary.ask((wire) => wire.sendCommand(command)))
  }

  run(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
  ): Promise<Reply> {
    return this.#call(() => this.#primary.ask((wire) => runScript(wire, script, keys, args)))
  }

  runOf(_key: string): string {
    if (this.#isClosed) throw new EngineUnavailable(CLOSED)
    return this.#primary.run
  }

  subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    const subscribe = () => this.#primary.subscribe(channel)
    return this.#call(() => this.#listeners.add(channel, onMessage, subscribe))
  }

  unsubscribe(channel: string): void {
    this.#listeners.delete(channel)
    this.#primary.unsubscribe(channel)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    return this.#listeners.onDoubt(onDoubt)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#primary.close()
    this.#whereabouts.close()
  }

  #call<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    return this.#isClosed ? Promise.reject(new EngineUnavailable(CLOSED)) : ask()
  }
}

function fixed(server: Server): Whereabouts {
  return { locate: async () => server, close: () => {} }
}
