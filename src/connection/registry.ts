// The connections of this node: counted, kept alive, and found by session and user.
import type { Shares } from '../engine/shares.ts'
import type { CloseCode } from '../protocol/errors.ts'
import type { Identity, Revocation } from '../protocol/identity.ts'
import type { HeartbeatSettings, Limits } from '../protocol/limits.ts'
import type { FlushScheduler } from '../room/fan-out/flush-scheduler.ts'
import type { Clock, Timer } from '../time/clock.ts'
import { ConnectionLimits, type Seat } from './connection-limits.ts'
import { type DrainTimes, drain } from './drain.ts'
import { Heartbeat, TICK_MS } from './heartbeat.ts'
import { RecentRevocations } from './recent-revocations.ts'
import { type Reader, SlowReaders } from './slow-readers.ts'
import { type Deadline, Undecided, type Waiting } from './undecided.ts'

/** The part of a connection that the registry needs. */
export interface Live extends Reader, Waiting {
  readonly identity: Identity
  readonly seat: Seat
  /** A session or user of this connection was revoked, perhaps in one room alone. */
  revoked(revocation: Revocation): void
  close(code: CloseCode): void
  terminate(): void
}

export interface ConnectionRegistryParts {
  clock: Clock
  limits: Limits
  heartbeat: HeartbeatSettings
  shares: Shares
  scheduler: FlushScheduler
  /** Logs a fault of Usher's own over what a client sent. */
  onFault: (connection: { id: string }, error: unknown) => void
  /** The id of this node now: ids of connections are unique over all nodes. */
  node: () => string
}

/** Messages and bytes of all connections since the start, for metrics. */
export interface Traffic {
  /** Messages that clients sent, also those that were then refused. */
  messagesIn: number
  bytesIn: number
  /** Bytes of frames that were written to clients. */
  bytesOut: number
  /** Commands of connections in many rooms. */
  commands: number
}

const SWEEP_TICKS = 60

export class ConnectionRegistry {
  readonly clock: Clock
  readonly limits: Limits
  readonly scheduler: FlushScheduler
  readonly connectionLimits: ConnectionLimits
  readonly shares: Shares
  readonly heartbeat: Heartbeat
  readonly slowReaders: SlowReaders
  readonly traffic: Traffic = { messagesIn: 0, bytesIn: 0, bytesOut: 0, commands: 0 }
  /** How many revocations this node was told of. */
  revocationsHeard = 0
  readonly onFault: ConnectionRegistryParts['onFault']
  readonly #node: () => string
  readonly #live = new Set<Live>()
  readonly #sessions = new Map<string, OneOrMore>()
  readonly #users = new Map<string, OneOrMore>()
  readonly #undecided = new Undecided<Live>()
  readonly #revocations = new RecentRevocations()
  readonly #timer: Timer
  #lastId = 0
  #ticks = 0
  #draining: CloseCode | null = null
  #leavingSince: number | null = null

  constructor(parts: ConnectionRegistryParts) {
    const { clock, limits, heartbeat, shares, scheduler, node, onFault } = parts
    this.onFault = onFault
    this.clock = clock
    this.limits = limits
    this.scheduler = scheduler
    this.#node = node
    this.shares = shares
    this.connectionLimits = new ConnectionLimits(shares)
    this.heartbeat = new Heartbeat(heartbeat)
    this.slowReaders = new SlowReaders(limits)
    this.#timer = clock.every(TICK_MS, () => this.#tick())
  }

  get size(): number {
    return this.#live.size
  }

  nextId(): string {
    this.#lastId += 1
    return this.#node() + this.#lastId.toString(36)
  }

  get draining(): boolean {
    return this.#draining !== null
  }

  /** Whether this node asks to be sent no more clients: it drains, or will [C361]. */
  get leaving(): boolean {
    return this.#leavingSince !== null || this.draining
  }

  /** For how many milliseconds it has said that it will drain. */
  get leavingMs(): number {
    return this.#leavingSince === null ? 0 : this.clock.elapsed() - this.#leavingSince
  }

  /** From here on the node says that it will drain, and still takes clients. */
  leave(): void {
    this.#leavingSince ??= this.clock.elapsed()
  }

  add(connection: Live): void {
    this.#live.add(connection)
    if (this.#draining) connection.close(this.#draining)
  }

  addUndecided(connection: Live, deadline: Deadline): void {
    this.#undecided.add(connection, deadline, this.clock.elapsed())
  }

  /** Indexes a connection by its identity. False when that was revoked while it was proved. */
  identify(connection: Live): boolean {
    this.#undecided.remove(connection)
    const { session, user } = connection.identity
    const since = connection.seat.provingSince
    if (session !== null) put(this.#sessions, session, connection)
    if (user !== null) put(this.#users, user, connection)
    return !this.wasRevoked(connection.identity, since)
  }

  /**
   * A connection has another identity of the same user from now on. False when that was revoked at
   * or after `since`.
   */
  renew(connection: Live, former: Identity, since: number): boolean {
    const { identity } = connection
    if (former.session !== identity.session) {
      if (identity.session !== null) put(this.#sessions, identity.session, connection)
      if (former.session !== null) take(this.#sessions, former.session, connection)
    }
    return !this.wasRevoked(identity, since)
  }

  /** Finds the connection by this session too, which one of its memberships depends on. */
  index(session: string, connection: Live): void {
    put(this.#sessions, session, connection)
  }

  unindex(session: string, connection: Live): void {
    take(this.#sessions, session, connection)
  }

  /**
   * Whether the session or the user of an identity was revoked at or after `since`, a reading of
   * `clock.elapsed`.
   */
  wasRevoked({ session, user }: Identity, since: number): boolean {
    if (session !== null && this.#revocations.has({ session }, since)) return true
    return user !== null && this.#revocations.has({ user }, since)
  }

  /** Whether a user was sent out of a room at or after `since`, a reading of `clock.elapsed`. */
  wasSentOut(user: string | null, room: string, since: number): boolean {
    return user !== null && this.#revocations.has({ user, room }, since)
  }

  remove(connection: Live): void {
    this.#live.delete(connection)
    this.#undecided.remove(connection)
    this.slowReaders.forget(connection)
    const { session, user } = connection.identity
    if (session !== null) take(this.#sessions, session, connection)
    if (user !== null) take(this.#users, user, connection)
  }

  /** Reaches every connection of a session or user, and those whose identity is being proved. */
  revoke(revocation: Revocation): void {
    this.revocationsHeard += 1
    this.#revocations.add(revocation, this.clock.elapsed())
    const found =
      'session' in revocation
        ? this.#sessions.get(revocation.session)
        : this.#users.get(revocation.user)
    for (const connection of each(found)) connection.revoked(revocation)
  }

  all(): Live[] {
    return [...this.#live]
  }

  /** Those of all connections and of their memberships. */
  sessions(): string[] {
    return [...this.#sessions.keys()]
  }

  /** Closes all connections; one that opens meanwhile is closed at once. */
  drain(code: CloseCode, times: DrainTimes): Promise<void> {
    this.#draining = code
    return drain(this.#live, code, { ...times, clock: this.clock })
  }

  stop(): void {
    this.#timer.cancel()
  }

  #tick(): void {
    const elapsed = this.clock.elapsed()
    this.heartbeat.tick(this.clock.now())
    this.slowReaders.check(elapsed)
    this.#undecided.check(elapsed)
    this.#revocations.forgetOld(elapsed)
    this.#ticks += 1
    if (this.#ticks % SWEEP_TICKS === 0) this.shares.sweep(elapsed)
  }
}

/** Most users have one connection, and a set would be a large part of its memory. */
type OneOrMore = Live | Set<Live>

function put(map: Map<string, OneOrMore>, key: string, connection: Live): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, connection)
  else if (known instanceof Set) known.add(connection)
  else map.set(key, new Set([known, connection]))
}

function take(map: Map<string, OneOrMore>, key: string, connection: Live): void {
  const known = map.get(key)
  if (known instanceof Set) known.delete(connection)
  if (known === connection || (known instanceof Set && known.size === 0)) map.delete(key)
}

function each(known: OneOrMore | undefined): readonly Live[] {
  if (known === undefined) return []
  return known instanceof Set ? [...known] : [known]
}
