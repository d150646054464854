// One client's live link, over any transport: its identity, its message rate, its heartbeat, and
// the frames that wait to be written. Its handler speaks with the client. It knows no ws and no
// Fastify.
import { type Holder, holderOf, type UserMeter } from '../engine/shares.ts'
import { CLOSE, type CloseCode } from '../protocol/errors.ts'
import { ANONYMOUS, type Identity, type Revocation } from '../protocol/identity.ts'
import type { LimitName } from '../protocol/limits.ts'
import type { Gatherer } from '../room/fan-out/flush-scheduler.ts'
import type { Rate } from '../room/publish.ts'
import type { Seat } from './connection-limits.ts'
import type { Farewell } from './farewell.ts'
import type { Handler } from './handler.ts'
import type { Beating } from './heartbeat.ts'
import { type MessageRate, messageRate } from './message-rate.ts'
import { Outbox } from './outbox.ts'
import type { ConnectionRegistry, Live } from './registry.ts'
import type { SlowLimit } from './slow-readers.ts'
import type { Socket } from './socket.ts'

export interface ConnectionParts {
  connections: ConnectionRegistry
  socket: Socket
  seat: Seat
}

/** The rates of a connection: its own, and the one that all connections of its user share. */
interface Rates {
  readonly own: MessageRate
  readonly shared: UserMeter | null
}

/** While a connection is leaving, its rooms still deliver what was published before. */
type Life = 'open' | 'leaving' | 'ended'

/** The heartbeat has no bucket of this number: the connection is not pinged yet. */
const NOT_BEATING = -1

export class Connection implements Live, Beating, Gatherer, Rate {
  readonly id: string
  readonly outbox: Outbox
  readonly seat: Seat
  readonly openedAt: number
  readonly connections: ConnectionRegistry
  pingedAt = 0
  identity: Identity = ANONYMOUS
  messagesIn = 0
  readonly #socket: Socket
  #handler: Handler | null = null
  /** Made with the first message: most connections never publish. */
  #rates: Rates | null = null
  #beat = NOT_BEATING
  /** The code and limit with which the server closed the connection, or null. */
  #closing: Farewell | null = null
  #life: Life = 'open'
  #readAtPing = 0
  /** What the system had taken at the last ping, if more waited then; else null. */
  #takenAtPing: number | null = null
  /** How many questions of `endPiece` were sent, and up to which one the client has answered. */
  #asked = 0
  #answered = 0

  constructor({ connections, socket, seat }: ConnectionParts) {
    this.id = connections.nextId()
    this.connections = connections
    this.#socket = socket
    this.seat = seat
    this.outbox = new Outbox(socket)
    // V8 stores a whole number in the object itself, and a fraction beside it.
    this.openedAt = Math.round(connections.clock.elapsed())
  }

  /** From here on the handler gets what comes in. On a draining node the connection closes. */
  open(handler: Handler): void {
    this.#handler = handler
    this.connections.add(this)
  }

  get user(): string | null {
    return this.identity.user
  }

  get holder(): Holder {
    return holderOf(this.identity, this.seat.address)
  }

  get expiresAt(): number | null {
    return this.identity.expiresAt
  }

  /** Whether the connection is closing or has ended: it must not join rooms any more. */
  get isClosed(): boolean {
    return this.#life !== 'open'
  }

  /** Bytes that wait for the client. */
  get bufferedBytes(): number {
    return this.outbox.bufferedBytes
  }

  get unreadPieces(): number {
    return this.#asked - this.#answered
  }

  /**
   * The identity is known: from here on the connection is pinged, found by session and user, and
   * ends with its identity. False when that was revoked meanwhile; the connection is then closing.
   */
  identify(identity: Identity): boolean {
    this.identity = identity
    this.#beat = this.connections.heartbeat.add(this)
    if (this.connections.identify(this)) return true
    this.close(CLOSE.forced)
    return false
  }

  /**
   * Another credential of the same user was proved from `since` on: the connection ends with that
   * one now. False when it was revoked meanwhile; the connection is then closing.
   */
  renew(identity: Identity, since: number): boolean {
    const former = this.identity
    this.identity = identity
    this.connections.heartbeat.renewed(this)
    if (this.connections.renew(this, former, since)) return true
    this.close(CLOSE.forced)
    return false
  }

  /** Whether its user was sent out of a room while the identity was proved. */
  wasSentOut(room: string): boolean {
    return this.connections.wasSentOut(this.user, room, this.seat.provingSince)
  }

  receive(payload: Buffer, binary: boolean): void {
    this.pingedAt = 0
    if (this.#life === 'open') this.#handler?.receive(payload, binary)
  }

  /** Another sign of life came: a pong, or a ping of the client. */
  alive(): void {
    this.pingedAt = 0
  }

  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  /** Counts all that it has sent while it is undecided. */
  sentSoFar(bytes: number): void {
    const reached = this.seat.sentSoFar(bytes)
    if (reached !== null) this.close(CLOSE.tooManyRequests, reached.limit)
  }

  /** Asks the client to tell when it has read all that it was given so far. */
  endPiece(): void {
    if (this.#life === 'open' && this.#socket.ask(this.#asked + 1)) this.#asked += 1
  }

  /** The answer to a question of `endPiece`, and to those before it. */
  answered(question: number): void {
    this.alive()
    if (question > this.#answered && question <= this.#asked) this.#answered = question
  }

  /** Writes whole frames at once: for a connection in one room, which needs no gathering. */
  write(frames: Buffer): void {
    if (this.#life === 'ended') return
    if (!this.outbox.write(frames, this.connections.limits.outboxBytes)) {
      return this.cutAsSlow('outboxBytes')
    }
    this.connections.traffic.bytesOut += frames.length
    this.#watch(frames.length)
  }

  /** Gathers whole frames, which are written in one piece and in order at the end of the turn. */
  send(frames: Buffer): void {
    if (this.#life === 'ended') return
    const { limits, scheduler, traffic } = this.connections
    const isFirst = !this.outbox.hasGathered
    if (!this.outbox.gather(frames, limits.outboxBytes)) return this.cutAsSlow('outboxBytes')
    scheduler.gathered(this, isFirst)
    traffic.bytesOut += frames.length
  }

  /** Writes what was gathered. */
  flush(): void {
    this.#watch(this.outbox.flush())
  }

  /** Counts a message that came in, also one that is then refused. */
  countMessage(bytes: number): void {
    const { traffic } = this.connections
    this.messagesIn += 1
    traffic.messagesIn += 1
    traffic.bytesIn += bytes
  }

  /**
   * Takes one message of this size from the rates of the connection and its user. Returns the limit
   * that is exceeded, or null.
   */
  take(bytes: number, elapsed: number): LimitName | null {
    const { limits, shares, clock } = this.connections
    const { user } = this.identity
    if (this.#rates === null) {
      const shared = user === null ? null : shares.meter('messages', user)
      // The application may allow a message after its connection has ended: nothing is kept then.
      if (this.#life === 'ended') return shared?.take(bytes, elapsed) ?? null
      this.#rates = { own: messageRate(limits, clock), shared: shared?.keep() ?? null }
    }
    const { own, shared } = this.#rates
    return own.take(bytes, elapsed) ?? shared?.take(bytes, elapsed) ?? null
  }

  ping(): void {
    const { bytesRead, bufferedBytes, takenBytes } = this.#socket
    this.#readAtPing = bytesRead
    this.#takenAtPing = bufferedBytes > 0 ? takenBytes : null
    const ping = this.#handler?.format.ping ?? null
    if (ping !== null) this.send(ping)
    else if (!this.#socket.ping()) this.alive()
  }

  /**
   * A pong cannot overtake a large message on a slow link, nor a ping what waits before it: bytes
   * in either direction count as life [C181]. What the system takes shows a client that reads only
   * where it had taken all that it could.
   */
  noPong(): void {
    const { bytesRead, takenBytes } = this.#socket
    const hasSent = bytesRead !== this.#readAtPing
    const hasRead = this.#takenAtPing !== null && takenBytes > this.#takenAtPing
    if (hasSent || hasRead) this.alive()
    else this.close(CLOSE.noPong)
  }

  expired(): void {
    this.close(CLOSE.expired)
  }

  revoked(revocation: Revocation): void {
    if (this.#life === 'open') this.#handler?.revoked(revocation)
  }

  cutAsSlow(limit: SlowLimit): void {
    this.close(CLOSE.slow, limit)
  }

  /**
   * Leaves the rooms, sends the close code and ends. The socket waits one second at most, so bytes
   * for a reader that takes nothing are freed after that. Does nothing once it is closing or ended.
   */
  close(code: CloseCode, limit: LimitName | null = null): void {
    if (this.#life !== 'open') return
    this.#closing = { ...code, byServer: true, limit }
    this.#leave()
    this.#socket.close(code.code, code.reason)
  }

  /** A fault of Usher's own ends the connection of one client alone (S38). */
  fault(error: unknown): void {
    this.connections.onFault(this, error)
    this.close(CLOSE.internal)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** The socket has ended, whichever side ended it: everything that was taken is released. */
  ended(code: number): Farewell {
    this.#leave()
    this.connections.remove(this)
    this.#rates?.shared?.release()
    this.#rates = null
    this.seat.release()
    return this.#closing ?? { code, reason: '', byServer: false, limit: null }
  }

  /**
   * Messages that were published before the connection leaves are written before the close. A slow
   * reader gets none of them: they would hide that those before them did not fit.
   */
  #leave(): void {
    if (this.#life !== 'open') return
    this.#life = this.#closing?.code === CLOSE.slow.code ? 'ended' : 'leaving'
    if (this.#beat !== NOT_BEATING) this.connections.heartbeat.remove(this, this.#beat)
    this.#handler?.end()
    this.#life = 'ended'
    this.outbox.flush()
    this.connections.scheduler.forget(this)
  }

  #watch(bytes: number): void {
    if (this.#socket.bufferedBytes === 0) return
    const { slowReaders, clock } = this.connections
    slowReaders.watch(this, bytes, clock.elapsed())
  }
}
