// The link to one Redis server: one connection for commands and one for channels.
import { createClient, RESP_TYPES } from '@redis/client'
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineUnavailable } from '../engine.ts'
import { type Client, RedisConnection } from './connection.ts'
import { AWAY, unavailable } from './errors.ts'
import type { Argument, OnDoubt, RedisLink, Reply } from './link.ts'
import { PendingCalls } from './pending-calls.ts'
import type { Script } from './scripts.ts'
import { Subscriptions } from './subscriptions.ts'

const CONNECT_MS = 3_000
/** How often a quiet connection is asked whether it lives. */
const PING_MS = 1_000

export interface LinkParts {
  url: string
  clock: Clock
  random: Random
}

export class SingleLink implements RedisLink {
  readonly #commands: RedisConnection
  readonly #channels: RedisConnection
  readonly #subscriptions = new Subscriptions()
  readonly #doubters = new Set<OnDoubt>()
  readonly #pending: PendingCalls
  readonly #stopPinging: () => void
  #run: string | null = null
  /** Why the channels were lost since the doubters were told last. */
  #lostBy: string | null = null
  #isClosed = false

  constructor(parts: LinkParts) {
    const { clock, random, url } = parts
    const create = () => clientOf(url)
    this.#pending = new PendingCalls(clock, () => this.#renew('Redis did not answer in time.'))
    this.#commands = new RedisConnection({
      ...{ clock, random, create },
      begin: async (client) => {
        this.#run = runIn(await client.sendCommand(['INFO', 'server']))
      },
      onReady: () => this.#tellDoubts(),
      // What was answered last on the lost connection is not known: the channels begin again too.
      onLost: (reason) => this.#channels.renew(reason),
    })
    this.#channels = new RedisConnection({
      ...{ clock, random, create },
      begin: (client) => this.#subscriptions.begin(client),
      onReady: () => this.#tellDoubts(),
      onLost: (reason) => {
        this.#lostBy ??= reason
      },
    })
    const timer = clock.every(PING_MS, () => this.#ping())
    this.#stopPinging = () => timer.cancel()
  }

  /** Resolves when both connections are ready. Rejects with the reason of the first that is not. */
  async open(): Promise<void> {
    await this.#commands.connect()
    await this.#channels.connect()
  }

  get away(): string | null {
    if (this.#isClosed) return 'The engine is closed.'
    return this.#commands.away ?? this.#channels.away
  }

  get waiting(): number {
    return this.#pending.size
  }

  send(_key: string, command: readonly [string, ...Argument[]]): Promise<Reply> {
    return this.#call((client) => client.sendCommand<Reply>([...command]))
  }

  run(
    { sha, text }: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
  ): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args]
    return this.#call((client) =>
      client.sendCommand<Reply>(['EVALSHA', sha, ...rest]).catch((error: unknown) => {
        if (!isUnknownScript(error)) throw error
        return client.sendCommand<Reply>(['EVAL', text, ...rest])
      }),
    )
  }

  runOf(_key: string): string {
    if (this.away !== null || this.#run === null) throw new EngineUnavailable(this.away ?? AWAY)
    return this.#run
  }

  subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    const added = this.#subscriptions.add(channel, onMessage, this.#client(this.#channels))
    return this.#pending.add(added.catch((error) => Promise.reject(unavailable(error))))
  }

  unsubscribe(channel: string): void {
    this.#subscriptions.remove(channel, this.#channels.client)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    this.#doubters.add(onDoubt)
    return () => {
      this.#doubters.delete(onDoubt)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopPinging()
    await this.#pending.settled()
    this.#pending.stop()
    this.#commands.close()
    this.#channels.close()
  }

  async #call(ask: (client: Client) => Promise<Reply>): Promise<Reply> {
    const client = this.#client(this.#commands)
    const answer = ask(client).catch((error) => Promise.reject(unavailable(error)))
    return await this.#pending.add(answer)
  }

  #client(connection: RedisConnection): Client {
    if (this.away !== null) throw new EngineUnavailable(this.away)
    const { client } = connection
    if (client === null) throw new EngineUnavailable(AWAY)
    return client
  }

  /** A connection that is dead without a sign is found by a question without an answer. */
  #ping(): void {
    for (const { client } of [this.#commands, this.#channels]) {
      if (client !== null) this.#pending.add(client.ping()).catch(() => {})
    }
  }

  #tellDoubts(): void {
    const reason = this.#lostBy
    if (reason === null || this.away !== null) return
    this.#lostBy = null
    for (const doubt of this.#doubters) doubt(reason)
  }

  #renew(reason: string): void {
    this.#commands.renew(reason)
    this.#channels.renew(reason)
  }
}

/** The library neither queues nor connects again by itself. */
function clientOf(url: string): Client {
  return createClient({
    url,
    // RESP 2 has lists where RESP 3 has maps.
    RESP: 2,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: {
      typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer },
    },
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
  }) as unknown as Client
}

function runIn(info: unknown): string {
  const [, run] = /^run_id:(\w+)/m.exec(String(info)) ?? []
  return run ?? ''
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
