// Commands for many rooms over one connection, each answered: the client says first who it is, and
// its commands then run in their order.
import { EngineUnavailable } from '../engine/engine.ts'
import type { Reached } from '../engine/shares.ts'
import { isExpired } from '../identity/expired.ts'
import type { Command, ConnectCommand } from '../protocol/command.ts'
import {
  CLOSE,
  type CloseCode,
  COMMAND_REPLY,
  closeCodeFor,
  REPLY,
  Refusal,
} from '../protocol/errors.ts'
import type { Identity, Revocation } from '../protocol/identity.ts'
import { commandBytesOf, type LimitName } from '../protocol/limits.ts'
import { companionedBy } from '../protocol/names.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Rooms } from '../room/rooms.ts'
import type { InboundFrame, RichFormat } from '../wire/wire-format.ts'
import { CommandLane, type LaneOwner } from './command-lane.ts'
import { CommandRate } from './command-rate.ts'
import { connect, type Shown } from './commands/connect.ts'
import type { Conversation, Proofs } from './commands/conversation.ts'
import { runCommand } from './commands/run-command.ts'
import type { Connection } from './connection.ts'
import type { Handler } from './handler.ts'
import { Memberships } from './memberships.ts'
import { DEADLINES } from './undecided.ts'

/** Told of what a connection does, for logs and metrics. MUST NOT throw. */
export interface RichLog {
  /** Called once, before the connection joins a room. */
  opened(connection: Connection, identity: Identity, source: Source): void
  /** A command was refused; `room` is the one that it named. */
  commandRefused(connection: Connection, refusal: Refusal, room: string | null): void
}

/** Where a client comes from, for the log. */
type Source = Readonly<Record<string, string | null>>

export interface RichHandlerParts {
  format: RichFormat
  rooms: Rooms
  proofs: Proofs
  log: RichLog
  shown: Shown
  source: Source
}

/** Before the connect command has succeeded, after it, and where it was in vain. */
type Stage = 'waiting' | 'connected' | 'refused'

/** So many frames may wait behind a command that is being run. */
const QUEUED_FRAMES_MAX = 1_024

export class RichHandler implements Handler, Conversation, LaneOwner {
  readonly format: RichFormat
  readonly connection: Connection
  readonly rooms: Rooms
  readonly proofs: Proofs
  readonly memberships: Memberships
  readonly #log: RichLog
  readonly #lane: CommandLane
  /** Needed until the connect command comes, and until it succeeds. */
  #shown: Shown | null
  #source: Source | null
  #stage: Stage = 'waiting'
  /** Made when the connection sends many commands. */
  #rate: CommandRate | null = null
  /** The commands of this second, while there is no rate. */
  #second = 0
  #commands = 0
  /** A message that waits for the application's answer. */
  #begun: Promise<unknown> | null = null

  constructor(connection: Connection, parts: RichHandlerParts) {
    const { format, rooms, proofs, log, shown, source } = parts
    this.connection = connection
    this.format = format
    this.rooms = rooms
    this.proofs = proofs
    this.#log = log
    this.#shown = shown
    this.#source = source
    this.memberships = new Memberships(connection, format)
    this.#lane = new CommandLane(this)
  }

  get identity(): Identity {
    return this.connection.identity
  }

  get address(): string | null {
    return this.connection.seat.address
  }

  get rate(): Connection {
    return this.connection
  }

  /** The client has not said who it is: its connection counts as undecided, and has a deadline. */
  awaitConnect(): void {
    const { connection } = this
    if (connection.isClosed) return
    connection.connections.addUndecided(connection, DEADLINES.connect)
    connection.seat.whenDisplaced((reached) => this.#makeRoom(reached))
  }

  #makeRoom({ limit }: Reached): void {
    this.connection.close(CLOSE.tooManyRequests, limit)
  }

  receive(payload: Buffer, binary: boolean): void {
    const { connection } = this
    const commandBytes = commandBytesOf(connection.connections.limits)
    if (payload.length > commandBytes) return connection.close(CLOSE.tooBig, 'commandBytes')
    if (this.#stage === 'refused') return
    if (this.#lane.isWaiting) {
      const reached = connection.seat.sentAhead(payload.length)
      if (reached !== null) return connection.close(CLOSE.tooManyRequests, reached.limit)
    }
    const bounds = { countMax: QUEUED_FRAMES_MAX, bytesMax: 2 * commandBytes }
    if (this.#lane.receive({ payload, binary }, bounds)) return
    connection.close(CLOSE.tooManyRequests, 'heldFrames')
  }

  decode(frame: InboundFrame): Iterable<Command> {
    return this.format.decode(frame)
  }

  run(command: Command): Promise<unknown> | null {
    if (command.type === 'unreadable') return this.#close(CLOSE.badRequest)
    this.connection.connections.traffic.commands += 1
    if (this.#stage === 'refused') return null
    if (command.type === 'connect') return this.#connect(command)
    if (this.#stage !== 'connected') return this.#close(CLOSE.badRequest)
    if (command.type === 'pong') return this.#pong()
    const id = command.type === 'send' ? 0 : command.id
    const room = 'room' in command ? command.room : null
    try {
      this.#countCommand(command)
      const running = runCommand(this, command)
      const begun = this.#begun
      this.#begun = null
      return running?.catch((error: unknown) => this.fail(id, error, room)) ?? begun
    } catch (error) {
      this.fail(id, error, room)
      return null
    }
  }

  reply(id: number, reply: Reply): void {
    this.connection.send(this.format.replies.reply(id, reply))
  }

  fail(id: number, error: unknown, room: string | null = null): void {
    const refusal = error instanceof EngineUnavailable ? error.refusal : error
    if (!(refusal instanceof Refusal)) return this.fault(error)
    if (this.connection.isClosed) return
    const { reply, message, limit = null } = refusal
    // The client has said who it is: a log-in would not help.
    const code = reply === REPLY.unauthorized ? REPLY.forbidden : reply
    this.#log.commandRefused(this.connection, refusal, room)
    if (id > 0) this.reply(id, { type: 'failed', code, message })
    // What is refused for another reason costs as much as a command, also where it is a message.
    if (code === REPLY.tooManyRequests || !this.#mayCommand()) this.#overRate(limit)
  }

  countFurther(commands: number): void {
    if (commands > 0 && !this.#mayCommand(commands)) throw tooManyCommands()
  }

  nextTurn(): Promise<void> {
    const { clock } = this.connection.connections
    return new Promise((resolve) => clock.endOfTurn(resolve))
  }

  fault(error: unknown): void {
    this.connection.fault(error)
  }

  /** Later commands wait, so that messages keep the client's order. */
  waitFor(begun: Promise<unknown>): void {
    this.#begun = begun.catch(() => {})
  }

  /** The whole connection ends, or single memberships. */
  revoked(revocation: Revocation): void {
    const { session } = this.identity
    const isAll =
      'session' in revocation ? revocation.session === session : revocation.room === undefined
    if (isAll) this.connection.close(CLOSE.forced)
    else this.memberships.revoked(revocation)
  }

  end(): void {
    this.#lane.stop()
    this.memberships.leaveAll()
  }

  connected(): void {
    this.#stage = 'connected'
    this.#log.opened(this.connection, this.identity, this.#source ?? {})
    this.#source = null
  }

  #close(code: CloseCode): null {
    this.connection.close(code)
    return null
  }

  #connect(command: ConnectCommand): Promise<unknown> | null {
    const shown = this.#shown
    if (shown === null) return this.#close(CLOSE.badRequest)
    this.#shown = null
    this.connection.seat.keepPending()
    return connect(this, command, shown).catch((error: unknown) => this.#refuse(command.id, error))
  }

  /** What cannot be mended by trying again is a close that a client stays away after (S32). */
  #refuse(id: number, error: unknown): void {
    const wasConnected = this.#stage === 'connected'
    this.#stage = 'refused'
    // Its client may stay: one ticket that was used would else hold any number of places (S43).
    this.connection.seat.offerPending((reached) => this.#makeRoom(reached))
    if (!(error instanceof Refusal)) {
      this.fail(id, error)
    } else if (isExpired(error)) {
      this.fail(id, new Refusal(COMMAND_REPLY.tokenExpired, error.message))
    } else if (error.reply === REPLY.badRequest || error.reply.temporary) {
      this.fail(id, error)
    } else {
      this.fail(0, error)
      this.connection.close(closeCodeFor(error.reply), error.limit ?? null)
    }
    // It has no deadline any more, and would stay for nothing.
    if (wasConnected) this.connection.close(CLOSE.internal)
  }

  /** The answer to a ping: those that answer none would else be read without end. */
  #pong(): null {
    if (!this.#mayCommand()) this.#overRate('commandsPerSecond')
    return null
  }

  /** Counts commands; false where they are too many. */
  #mayCommand(count = 1): boolean {
    if (this.identity.server !== null) return true
    return (this.#rate === null && this.#isSlow(count)) || this.#rateNow.take(count)
  }

  /** Most connections send no more than the limit in any second: those need no rate. */
  #isSlow(count: number): boolean {
    const { limits, clock } = this.connection.connections
    const { commandsPerSecond } = limits
    const second = Math.floor(clock.elapsed() / 1_000)
    if (second !== this.#second) this.#commands = 0
    this.#second = second
    const commands = this.#commands + count
    if (commandsPerSecond !== null && commands > commandsPerSecond) return false
    this.#commands = commands
    return true
  }

  #overRate(limit: LimitName | null): void {
    if (this.#rateNow.refuse() === 'over') return
    this.connection.close(CLOSE.tooManyRequests, limit ?? 'commandsPerSecond')
  }

  /** Throws a Refusal for a command that comes too fast; messages have a rate of their own. */
  #countCommand(command: Command): void {
    if (isMessage(command) || this.#isBeside(command) || this.#mayCommand()) return
    throw tooManyCommands()
  }

  /** Joining a companion comes with joining its room; by itself, and leaving it, is counted. */
  #isBeside(command: Command): boolean {
    if (command.type !== 'subscribe') return false
    const room = companionedBy(command.room)
    return room !== null && this.memberships.has(room)
  }

  get #rateNow(): CommandRate {
    const { limits, clock } = this.connection.connections
    this.#rate ??= new CommandRate(limits, clock, this.#commands)
    return this.#rate
  }
}

function tooManyCommands(): Refusal {
  const sentence = 'Too many commands: wait a second and try again.'
  return new Refusal(REPLY.tooManyRequests, sentence, 1, 'commandsPerSecond')
}

function isMessage(command: Command): boolean {
  const { type } = command
  return type === 'publish' || type === 'send' || (type === 'rpc' && command.method === 'publish')
}
