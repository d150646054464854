// Plain frames: the connection is in one room, so the handler is its own membership. Every frame is
// a message to that room, and a failure closes the connection.
import type { Holder } from '../engine/shares.ts'
import { CLOSE, type CloseCode } from '../protocol/errors.ts'
import { endsIn, type Identity, type Revocation } from '../protocol/identity.ts'
import { type LimitName, QUEUED_FRAMES, WAITING_FRAMES } from '../protocol/limits.ts'
import type { Failure, Member } from '../room/member.ts'
import type { RoomHold } from '../room/open-rooms.ts'
import type { Rate } from '../room/publish.ts'
import type { Start } from '../room/resume.ts'
import type { InboundFrame, WireFormat } from '../wire/wire-format.ts'
import { relayFrame, type Speaker } from './commands/relay-frame.ts'
import type { Connection } from './connection.ts'
import { FrameQueue } from './frame-queue.ts'
import type { Handler } from './handler.ts'
import { FAILURES } from './membership.ts'
import { type Entry, takeUp } from './room-entry.ts'
import { DEADLINES } from './undecided.ts'

export interface RawHandlerParts {
  format: WireFormat
  /** What the client asked for; null means as the rule of the room says. */
  echo: boolean | null
  /** Where it starts in the history; null for what is published from now on. */
  start: Start | null
}

export class RawHandler implements Handler, Member, Speaker {
  readonly format: WireFormat
  readonly connection: Connection
  /** What the client asked for; after joining, else what the room's rule says. */
  #echo: boolean | null
  readonly #start: Start | null
  /** Gets the first message, while that is waited for. */
  #decide: ((first: InboundFrame) => void) | null = null
  /** Keeps the room open, while the connection is a member. */
  #hold: RoomHold | null = null
  /** Frames after one that is being decided: a first message, or one that `authorize` decides. */
  #queue: FrameQueue | null = new FrameQueue()

  constructor(connection: Connection, { format, echo, start }: RawHandlerParts) {
    this.connection = connection
    this.format = format
    this.#echo = echo
    this.#start = start
  }

  get id(): string {
    return this.connection.id
  }

  get identity(): Identity {
    return this.connection.identity
  }

  get address(): string | null {
    return this.connection.seat.address
  }

  get rate(): Rate {
    return this.connection
  }

  get user(): string | null {
    return this.connection.identity.user
  }

  get holder(): Holder {
    return this.connection.holder
  }

  get echo(): boolean {
    return this.#echo ?? true
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes
  }

  get unreadPieces(): number {
    return this.connection.unreadPieces
  }

  /** The room that the connection is in, or null. */
  get roomName(): string | null {
    return this.#hold?.room.name ?? null
  }

  /** Waits for a first message and hands it to `decide`, which ends in `join` or a close. */
  awaitFirstMessage(decide: (first: InboundFrame) => void): void {
    if (this.connection.isClosed) return
    this.#decide = decide
    this.connection.connections.addUndecided(this.connection, DEADLINES.firstMessage)
    this.connection.seat.whenDisplaced(({ limit }) => this.close(CLOSE.tooManyRequests, limit))
  }

  /** Joins the room of the entry; releases it if the connection has ended. */
  join(entry: Entry): void {
    if (!takeUp(this.connection, entry)) return
    const { identity, hold } = entry
    const { room } = hold
    this.#hold = hold
    this.#echo ??= room.rule.echo
    const start = this.#start
    room.join(this, start && { start, mayJoin: () => room.mayJoin(identity) })
    this.#goOn()
  }

  receive(payload: Buffer, binary: boolean): void {
    // The WebSocket server of a host application may take larger messages than Usher does.
    const isTooBig = payload.length > this.connection.connections.limits.messageBytes
    if (isTooBig) return this.connection.close(CLOSE.tooBig, 'messageBytes')
    if (this.#decide !== null) return this.#decideOn({ payload, binary })
    if (this.#queue === null) return this.#run({ payload, binary })
    const bounds = this.#hold === null ? QUEUED_FRAMES : WAITING_FRAMES
    const reached = this.connection.seat.sentAhead(payload.length)
    if (reached !== null) return this.close(CLOSE.tooManyRequests, reached.limit)
    if (this.#queue.push({ payload, binary }, bounds)) return
    this.close(CLOSE.tooManyRequests, 'heldFrames')
  }

  deliver(frames: Buffer): void {
    this.connection.write(frames)
  }

  endPiece(): void {
    this.connection.endPiece()
  }

  fail(failure: Failure): void {
    this.connection.close(FAILURES[failure])
  }

  /** A raw connection is in no other room, so that leaving its room ends it. */
  revoked(revocation: Revocation): void {
    if (endsIn(revocation, this.roomName)) this.connection.close(CLOSE.forced)
  }

  close(code: CloseCode, limit: LimitName | null = null): void {
    this.connection.close(code, limit)
  }

  fault(error: unknown): void {
    this.connection.fault(error)
  }

  /** Frames that come meanwhile wait, so that messages keep the client's order. */
  waitFor(begun: Promise<unknown>): void {
    this.#queue = new FrameQueue()
    // A message that is refused closes the connection by itself.
    const stop = (): void => {}
    begun.then(() => this.#goOn(), stop).catch((error) => this.fault(error))
  }

  end(): void {
    const hold = this.#hold
    this.#decide = null
    hold?.room.leave(this)
    this.#hold = null
    hold?.release()
  }

  #decideOn(first: InboundFrame): void {
    const decide = this.#decide
    const { seat, connections } = this.connection
    this.#decide = null
    seat.provingSince = Math.floor(connections.clock.elapsed())
    seat.keepPending()
    decide?.(first)
  }

  /** A plain frame is one command. */
  #run(frame: InboundFrame): void {
    const { connection } = this
    connection.countMessage(frame.payload.length)
    const [command] = this.format.decode(frame)
    if (command?.type !== 'publish' || this.#hold === null) {
      return connection.close(CLOSE.badRequest)
    }
    relayFrame(this, this.#hold.room, command)
  }

  #goOn(): void {
    const frames = this.#queue?.frames ?? []
    this.#queue = null
    for (const { payload, binary } of frames) this.connection.receive(payload, binary)
  }
}
