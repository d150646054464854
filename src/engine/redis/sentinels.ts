// Where the primary is, as the Sentinels say. All that answer are asked, and the one that knows of
// the latest failover is believed: another one may have been cut off before it.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineUnavailable } from '../engine.ts'
import type { Access, Server } from './address.ts'
import { RedisConnection } from './connection.ts'
import { LATE, reasonOf } from './errors.ts'
import type { Reply } from './link.ts'
import { PendingCalls } from './pending-calls.ts'
import { RespWire } from './resp-wire.ts'

export interface SentinelParts {
  clock: Clock
  random: Random
  sentinels: readonly Server[]
  access: Access
  /** The name that they have for the primary. */
  name: string
}

interface Told extends Server {
  /** Raised by each failover. */
  readonly epoch: number
}

export class Sentinels {
  readonly #name: string
  readonly #pending: PendingCalls
  readonly #connections: readonly RedisConnection<RespWire>[]
  #opening: Promise<unknown> | null = null

  constructor({ clock, random, sentinels, access, name }: SentinelParts) {
    this.#name = name
    this.#pending = new PendingCalls(clock, () => this.#renew())
    const { tls } = access
    this.#connections = sentinels.map(
      (sentinel) =>
        new RedisConnection<RespWire>({
          ...{ clock, random },
          create: async () => {
            return new RespWire(sentinel, { tls, username: undefined, password: undefined })
          },
          begin: async () => {},
          onReady: () => {},
          onLost: () => {},
        }),
    )
  }

  async locate(): Promise<Server> {
    this.#opening ??= this.#open()
    await this.#opening
    const asked = this.#connections.map((connection) => this.#ask(connection))
    const answers = await Promise.allSettled(asked)
    const [latest] = answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      .sort((one, other) => other.epoch - one.epoch)
    if (latest !== undefined) return latest
    const [reason] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer] : []))
    throw new EngineUnavailable(`No Sentinel names the primary: ${reasonOf(reason?.reason)}`)
  }

  close(): void {
    this.#pending.stop()
    for (const connection of this.#connections) connection.close()
  }

  /** Resolves when one of them answers, or none does; they go on trying. */
  async #open(): Promise<void> {
    await Promise.any(this.#connections.map((connection) => connection.connect())).catch(() => {})
  }

  async #ask({ wire, away }: RedisConnection<RespWire>): Promise<Told> {
    if (wire === null) throw new EngineUnavailable(away ?? LATE)
    return toldIn(await this.#pending.add(wire.sendCommand(['SENTINEL', 'MASTER', this.#name])))
  }

  /** Which of them hangs is not known. */
  #renew(): void {
    for (const connection of this.#connections) connection.renew(LATE)
  }
}

function toldIn(reply: Reply): Told {
  const words = Array.isArray(reply) ? reply.map(String) : []
  const value = (name: string) => words[words.indexOf(name) + 1] ?? ''
  return {
    host: value('ip'),
    port: Number(value('port')),
    epoch: Number(value('config-epoch')),
  }
}
