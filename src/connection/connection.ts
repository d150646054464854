// One client's live link: frames come in, are checked and run as commands; frames go out through
// the outbox. It knows no ws and no Fastify.
import type { UserMeter } from '../engine/shares.ts'
import { CLOSE, type CloseCode } from '../protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../protocol/identity.ts'
import {
  type FrameBounds,
  HELD_FRAMES,
  type LimitName,
  WAITING_FRAMES,
} from '../protocol/limits.ts'
import type { Member } from '../room/member.ts'
import type { Start } from '../room/resume.ts'
import type { RoomHold } from '../room/rooms.ts'
import type { InboundFrame, WireFormat } from '../wire/wire-format.ts'
import { publish, type Speaker } from './commands/publish.ts'
import type { Seat } from './connection-limits.ts'
import type { Beating } from './heartbeat.ts'
import { type MessageRate, messageRate } from './message-rate.ts'
import { Outbox, type Reader, type SlowLimit } from './outbox.ts'
import type { ConnectionRegistry } from './registry.ts'
import type { Entry } from './room-entry.ts'
import type { Socket } from './socket.ts'

/** Frames that came before it was decided whose they are. */
interface Held {
  frames: InboundFrame[]
  bytes: number
}

type State =
  /** Open, and nobody knows yet whose it is. */
  | { at: 'undecided'; decide: (first: InboundFrame) => void }
  /** The first message is being judged. */
  | { at: 'entering'; held: Held }
  /** In the room; `held` while a command is still being decided. */
  | { at: 'joined'; hold: RoomHold; bucket: number; held: Held | null }
  | { at: 'closed' }

type Joined = Extract<State, { at: 'joined' }>

export interface ConnectionParts {
  connections: ConnectionRegistry
  socket: Socket
  seat: Seat
  format: WireFormat
  /** What the client asked for; null leaves it to the room's rule. */
  echo: boolean | null
  /** Where it begins to listen; null for what is said from now on. */
  start?: Start | null
}

/** How a connection ended, for logs and metrics. `reason` is the server's, if it closed. */
export interface Farewell {
  code: number
  reason: string
  byServer: boolean
  /** The limit that it hit, if that is why it had to go. */
  limit: LimitName | null
}

const CLOSED: State = { at: 'closed' }

const FAILURES = {
  unavailable: CLOSE.internal,
  forbidden: CLOSE.forbidden,
  lost: CLOSE.insufficientState,
} as const

export class Connection implements Member, Beating, Reader, Speaker {
  readonly id: string
  readonly format: WireFormat
  readonly outbox: Outbox
  readonly seat: Seat
  readonly openedAt: number
  echo = true
  pingedAt = 0
  identity: Identity = ANONYMOUS
  messagesIn = 0
  readonly #connections: ConnectionRegistry
  readonly #socket: Socket
  readonly #echoAsked: boolean | null
  readonly #start: Start | null
  #state: State = entering()
  #own: MessageRate | null = null
  #shared: UserMeter | null = null
  #closedWith: CloseCode | null = null
  #limit: LimitName | null = null
  #readAtPing = 0

  constructor({ connections, socket, seat, format, echo, start = null }: ConnectionParts) {
    this.id = connections.nextId()
    this.#connections = connections
    this.#socket = socket
    this.seat = seat
    this.format = format
    this.outbox = new Outbox(socket)
    this.#echoAsked = echo
    this.#start = start
    this.openedAt = connections.clock.elapsed()
    connections.add(this)
  }

  get user(): string | null {
    return this.identity.user
  }

  get expiresAt(): number | null {
    return this.identity.expiresAt
  }

  get roomName(): string | null {
    return this.#state.at === 'joined' ? this.#state.hold.room.name : null
  }

  /** Waits for a first message and hands it to `decide`, which ends in `join` or `close`. */
  awaitFirstMessage(decide: (first: InboundFrame) => void): void {
    if (this.#state.at === 'closed') return
    this.#state = { at: 'undecided', decide }
    this.#connections.addUndecided(this)
  }

  /** Joins the room that the way is clear to. On a connection that has ended, releases it. */
  join({ identity, hold }: Entry): void {
    const held = this.#state.at === 'entering' ? this.#state.held.frames : []
    if (this.#state.at === 'closed') return hold.release()
    this.identity = identity
    this.echo = this.#echoAsked ?? hold.room.rule.echo
    this.#state = { at: 'joined', hold, bucket: this.#connections.heartbeat.add(this), held: null }
    const { room } = hold
    room.join(this, this.#start && { start: this.#start, mayJoin: () => room.mayJoin(identity) })
    if (!this.#connections.identify(this)) return this.close(CLOSE.forced)
    for (const frame of held) this.receive(frame.payload, frame.binary)
  }

  /** A whole data message came in. */
  receive(payload: Buffer, binary: boolean): void {
    this.pingedAt = 0
    // An application's own WebSocket server may take larger ones than we do.
    const isTooBig = payload.length > this.#connections.limits.messageBytes
    if (isTooBig) return this.close(CLOSE.tooBig, 'messageBytes')
    const state = this.#state
    switch (state.at) {
      case 'undecided':
        this.#state = entering()
        this.seat.provingSince = this.#connections.clock.elapsed()
        return state.decide({ payload, binary })
      case 'entering':
        return this.#holdBack(state.held, { payload, binary }, HELD_FRAMES)
      case 'joined':
        if (state.held !== null)
          return this.#holdBack(state.held, { payload, binary }, WAITING_FRAMES)
        return this.#accept(state, { payload, binary })
      case 'closed':
        return
    }
  }

  /** Any other sign of life: a pong, or a ping of the client's own. */
  alive(): void {
    this.pingedAt = 0
  }

  deliver(frames: Buffer): void {
    if (this.#state.at !== 'joined') return
    const { limits, slowReaders, clock, traffic } = this.#connections
    if (!this.outbox.write(frames, limits.outboxBytes)) return this.cutAsSlow('outboxBytes')
    traffic.bytesOut += frames.length
    if (this.#socket.bufferedBytes > 0) slowReaders.watch(this, frames.length, clock.elapsed())
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes
  }

  fail(reason: 'unavailable' | 'forbidden' | 'lost'): void {
    this.close(FAILURES[reason])
  }

  ping(): void {
    this.#readAtPing = this.#socket.bytesRead
    if (!this.#socket.ping()) this.alive()
  }

  /** A pong cannot overtake a large message on a slow line: part of that is life too [C60]. */
  noPong(): void {
    if (this.#socket.bytesRead === this.#readAtPing) this.close(CLOSE.noPong)
    else this.alive()
  }

  expired(): void {
    this.close(CLOSE.expired)
  }

  cutAsSlow(limit: SlowLimit): void {
    this.close(CLOSE.slow, limit)
  }

  /**
   * Leaves the room, says why, and ends. The socket gives up after a second, so a reader that
   * takes nothing holds what waits for it no longer than that. Calling it again does nothing.
   */
  close(code: CloseCode, limit: LimitName | null = null): void {
    if (this.#closedWith !== null) return
    this.#closedWith = code
    this.#limit = limit
    this.#leave()
    this.#socket.close(code.code, code.reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** The socket has ended, whoever ended it: everything is given back. */
  ended(code: number): Farewell {
    this.#leave()
    this.#connections.remove(this)
    this.#shared?.release()
    this.#shared = null
    this.seat.release()
    const closed = this.#closedWith
    if (closed === null) return { code, reason: '', byServer: false, limit: null }
    return { ...closed, byServer: true, limit: this.#limit }
  }

  #leave(): void {
    const state = this.#state
    if (state.at !== 'joined') {
      this.#state = CLOSED
      return
    }
    this.#connections.heartbeat.remove(this, state.bucket)
    // What was said before it leaves is still its own.
    state.hold.room.leave(this)
    this.#state = CLOSED
    state.hold.release()
  }

  #holdBack(held: Held, frame: InboundFrame, bounds: FrameBounds): void {
    held.frames.push(frame)
    held.bytes += frame.payload.length
    const over = held.frames.length > bounds.countMax || held.bytes > bounds.bytesMax
    if (over) this.close(CLOSE.tooManyRequests, 'heldFrames')
  }

  #accept(state: Joined, frame: InboundFrame): void {
    const { traffic } = this.#connections
    this.messagesIn += 1
    traffic.messagesIn += 1
    traffic.bytesIn += frame.payload.length
    const limit = this.#overBudget(frame.payload.length)
    if (limit !== null) return this.close(CLOSE.tooManyRequests, limit)
    const commands = this.format.decode(frame)
    if (commands === null) return this.close(CLOSE.badRequest)
    for (const command of commands) publish(this, state.hold.room, command)
  }

  /** What comes meanwhile is held back, so that order stays what the client made it. */
  waitFor(begun: Promise<unknown>): void {
    const state = this.#state
    if (state.at !== 'joined') return
    const held: Held = { frames: [], bytes: 0 }
    state.held = held
    const goOn = (): void => {
      state.held = null
      for (const frame of held.frames) this.receive(frame.payload, frame.binary)
    }
    // A message that is refused closes the connection by itself.
    const stop = (): void => {}
    begun.then(goOn, stop).catch(() => this.close(CLOSE.internal))
  }

  /** Server keys are exempt; everybody else has a budget, and a user's is shared. */
  #overBudget(bytes: number): LimitName | null {
    const { clock, limits, shares } = this.#connections
    const { server, user } = this.identity
    if (server !== null) return null
    const elapsed = clock.elapsed()
    // Made with the first message: most connections only listen.
    this.#own ??= messageRate(limits, elapsed)
    if (user !== null) this.#shared ??= shares.meter('messages', user).keep()
    return this.#own.take(bytes, elapsed) ?? this.#shared?.take(bytes, elapsed) ?? null
  }
}

function entering(): State {
  return { at: 'entering', held: { frames: [], bytes: 0 } }
}
