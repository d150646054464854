// One primary: a connection for commands, one for channels, and the run that both of them reach.
// `SingleLink` has one, `ClusterLink` many.
import { type Clock, sleep } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineUnavailable } from '../engine.ts'
import { type Access, nameOf, type Server } from './address.ts'
import { ChannelWire } from './channel-wire.ts'
import { RedisConnection } from './connection.ts'
import { AWAY, isRefused, LATE, unavailable } from './errors.ts'
import type { Reply } from './link.ts'
import { ANSWER_MS } from './pending-calls.ts'
import { RespWire } from './resp-wire.ts'
import type { Sender } from './sender.ts'

/** How often it is asked whether it lives, is a primary, and is still the one that is meant. */
const LOOK_MS = 1_000
/** How often it is looked for a command that waits too long: a link may hang without an end. */
const LATE_LOOK_MS = 250
const ROLE = ['INFO', 'replication']
const RUN = ['INFO', 'server'] as const

export interface PrimaryParts {
  clock: Clock
  random: Random
  access: Access
  /** Where the primary is now. */
  locate(): Promise<Server>
  onMessage(channel: string, message: Buffer): void
  /** A server of a Cluster no longer has this channel; it was forgotten here. */
  onMoved?(channel: string): void
  onLost(): void
  /** Both connections are back, and with them all channels. */
  onBack(reason: string): void
}

export class Primary {
  readonly #parts: PrimaryParts
  readonly #commands: RedisConnection<RespWire>
  readonly #subscriber: RedisConnection<ChannelWire>
  readonly #channels = new Set<string>()
  readonly #stopLooking: () => void
  readonly #stopLookingForLate: () => void
  #server: Server | null = null
  #run: string | null = null
  #subscribing: Promise<void> | null = null
  #opening: Promise<void> | null = null
  /** Why the channels were lost since `onBack` was called last. */
  #lostBy: string | null = null

  constructor(parts: PrimaryParts) {
    const { clock, random } = parts
    this.#parts = parts
    this.#commands = new RedisConnection({
      ...{ clock, random },
      create: async () => new RespWire(await this.#locate(), parts.access),
      begin: (wire) => this.#beginCommands(wire),
      onReady: () => this.#openSubscriber(),
      // What was answered last on the lost connection is not known: the channels begin again too.
      onLost: (reason) => this.#lost(reason, () => this.#subscriber.stop(reason)),
    })
    this.#subscriber = new RedisConnection({
      ...{ clock, random },
      create: async () => this.#channelWire(),
      begin: (wire) => this.#beginChannels(wire),
      onReady: () => this.#tellBack(),
      onLost: (reason) => this.#lost(reason),
    })
    const look = clock.every(LOOK_MS, () => this.#look())
    const lookForLate = clock.every(LATE_LOOK_MS, () => this.#lookForLate())
    this.#stopLooking = () => look.cancel()
    this.#stopLookingForLate = () => lookForLate.cancel()
  }

  /** Resolves when both connections are ready. Rejects with the reason of the first that is not. */
  open(): Promise<void> {
    this.#opening = this.#open()
    return this.#opening
  }

  /** Resolves when it is ready. Rejects where it is not, and has been tried. */
  get opened(): Promise<void> {
    if (this.away === null) return Promise.resolve()
    return this.#opening ?? this.open()
  }

  get away(): string | null {
    return this.#commands.away ?? this.#subscriber.away
  }

  get waiting(): number {
    const [commands, subscriber] = [this.#commands.wire, this.#subscriber.wire]
    return (commands?.waiting ?? 0) + (subscriber?.waiting ?? 0)
  }

  /** Where it was found last. */
  get server(): Server | null {
    return this.#server
  }

  /** Another one after each restart. */
  get run(): string {
    if (this.away !== null || this.#run === null) throw new EngineUnavailable(this.away ?? AWAY)
    return this.#run
  }

  get channels(): ReadonlySet<string> {
    return this.#channels
  }

  /** Rejects with EngineUnavailable, or with the error that Redis answered. */
  ask(send: (sender: Sender) => Promise<Reply>): Promise<Reply> {
    try {
      return send(this.#wire(this.#commands)).catch(this.#failed)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async subscribe(channel: string): Promise<void> {
    const wire = this.#wire(this.#subscriber)
    this.#channels.add(channel)
    try {
      await wire.subscribe(channel)
    } catch (error) {
      this.#channels.delete(channel)
      throw unavailable(error)
    }
  }

  unsubscribe(channel: string): void {
    if (this.#channels.delete(channel)) this.#endChannel(channel)
  }

  /** Gives both connections up for fresh ones. */
  renew(reason: string): void {
    this.#commands.renew(reason)
  }

  /** Waits for the answers under way, 3 s at most, and ends. */
  async close(): Promise<void> {
    this.#stopLooking()
    while (this.waiting > 0) await sleep(this.#parts.clock, LATE_LOOK_MS / 10)
    this.#stopLookingForLate()
    this.#commands.close()
    this.#subscriber.close()
  }

  readonly #failed = (error: unknown): never => {
    // The server has become a replica.
    if (isRefused(error, 'READONLY')) this.renew(error.message)
    throw unavailable(error)
  }

  async #open(): Promise<void> {
    await this.#commands.connect()
    await this.#subscribing
  }

  #wire<W extends RespWire | ChannelWire>(connection: RedisConnection<W>): W {
    if (this.away !== null) throw new EngineUnavailable(this.away)
    const { wire } = connection
    if (wire === null) throw new EngineUnavailable(AWAY)
    return wire
  }

  async #locate(): Promise<Server> {
    this.#server = await this.#parts.locate()
    return this.#server
  }

  async #beginCommands(wire: RespWire): Promise<void> {
    const [role, run] = await Promise.all([wire.sendCommand(ROLE), wire.sendCommand(RUN)])
    const reason = notPrimary(role)
    if (reason !== null) throw new Error(reason)
    this.#run = runIn(run)
  }

  #openSubscriber(): void {
    this.#subscribing = this.#subscriber.connect()
    this.#subscribing.catch(() => {})
  }

  #channelWire(): ChannelWire {
    if (this.#server === null) throw new Error(AWAY)
    return new ChannelWire(this.#server, this.#parts.access, {
      onMessage: (channel, message) => this.#hear(channel, message),
      onEnded: (channel) => this.#moved(channel),
    })
  }

  async #beginChannels(wire: ChannelWire): Promise<void> {
    const run = runIn(await wire.ask(...RUN))
    if (run !== this.#run) {
      const reason = 'Another Redis answers at this address.'
      this.renew(reason)
      throw new Error(reason)
    }
    await Promise.all([...this.#channels].map((channel) => this.#beginChannel(wire, channel)))
  }

  async #beginChannel(wire: ChannelWire, channel: string): Promise<void> {
    try {
      await wire.subscribe(channel)
    } catch (error) {
      if (!isRefused(error, 'MOVED') || !this.#parts.onMoved) throw error
      this.#moved(channel)
    }
  }

  #hear(channel: string, message: Buffer): void {
    if (this.#channels.has(channel)) this.#parts.onMessage(channel, message)
    else this.#endChannel(channel)
  }

  #endChannel(channel: string): void {
    this.#subscriber.wire?.unsubscribe(channel).catch(() => {})
  }

  #moved(channel: string): void {
    if (!this.#parts.onMoved) this.renew('Redis ended a channel.')
    else if (this.#channels.delete(channel)) this.#parts.onMoved(channel)
  }

  #lost(reason: string, then?: () => void): void {
    this.#lostBy ??= reason
    then?.()
    this.#parts.onLost()
  }

  #tellBack(): void {
    const reason = this.#lostBy
    this.#lostBy = null
    if (reason !== null) this.#parts.onBack(reason)
  }

  /** A connection that is dead without a sign is found by a question without an answer. */
  #look(): void {
    const [commands, subscriber] = [this.#commands.wire, this.#subscriber.wire]
    if (commands === null) return
    const leaveIf = (reason: string | null) => {
      if (reason !== null && this.#commands.wire === commands) this.renew(reason)
    }
    // An error is not a sign: Redis may be busy with a script, or no Sentinel may answer.
    const ignore = () => {}
    commands.sendCommand(ROLE).then((info) => leaveIf(notPrimary(info)), ignore)
    subscriber?.ask('PING').catch(ignore)
    this.#parts.locate().then((server) => leaveIf(this.#elsewhere(server)), ignore)
  }

  #lookForLate(): void {
    for (const { wire } of [this.#commands, this.#subscriber]) {
      if (wire !== null && wire.look() >= ANSWER_MS / LATE_LOOK_MS) return this.renew(LATE)
    }
  }

  #elsewhere(now: Server): string | null {
    if (this.#server === null || nameOf(now) === nameOf(this.#server)) return null
    return `The primary is now ${nameOf(now)}.`
  }
}

function notPrimary(info: Reply): string | null {
  return /^role:master/m.test(String(info)) ? null : 'This Redis is a replica, and takes no writes.'
}

function runIn(info: Reply): string {
  const [, run] = /^run_id:(\w+)/m.exec(String(info)) ?? []
  return run ?? ''
}
