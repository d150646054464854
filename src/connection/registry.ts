// The connections of this node: counted, kept alive, and found when somebody must go.
import type { Shares } from '../engine/shares.ts'
import { CLOSE, type CloseCode } from '../protocol/errors.ts'
import type { Identity, Revocation } from '../protocol/identity.ts'
import { FIRST_MESSAGE, type HeartbeatSettings, type Limits } from '../protocol/limits.ts'
import { type Clock, sleep, type Timer } from '../time/clock.ts'
import { ConnectionLimits, type Seat } from './connection-limits.ts'
import { Heartbeat, TICK_MS } from './heartbeat.ts'
import { type Reader, SlowReaders } from './outbox.ts'

/** A connection, as far as its register knows it. */
export interface Live extends Reader {
  readonly identity: Identity
  readonly seat: Seat
  /** The room it is in, or null. */
  readonly roomName: string | null
  close(code: CloseCode): void
  terminate(): void
}

export interface ConnectionRegistryParts {
  clock: Clock
  limits: Limits
  heartbeat: HeartbeatSettings
  shares: Shares
}

/** What connections have brought and got since the start, for metrics. */
export interface Traffic {
  /** Messages that clients sent, also those that were then refused. */
  messagesIn: number
  bytesIn: number
  /** Bytes of frames that were written to clients. */
  bytesOut: number
}

/** How long closing may take in all, and over how much of that it is spread. */
export interface DrainTimes {
  spreadMs: number
  windowMs: number
}

/** How long a revocation is remembered for connections that were on their way in when it came. */
const REMEMBER_REVOKED_MS = 60_000
const SWEEP_TICKS = 60
/** While draining, closes come in steps of this many milliseconds, and never fewer than so many. */
const DRAIN_STEP_MS = 50
const DRAIN_STEP_MIN = 20

export class ConnectionRegistry {
  readonly clock: Clock
  readonly limits: Limits
  readonly connectionLimits: ConnectionLimits
  readonly shares: Shares
  readonly heartbeat: Heartbeat
  readonly slowReaders: SlowReaders
  readonly traffic: Traffic = { messagesIn: 0, bytesIn: 0, bytesOut: 0 }
  readonly #live = new Set<Live>()
  readonly #sessions = new Map<string, OneOrMore>()
  readonly #users = new Map<string, OneOrMore>()
  /** Undecided ones, oldest first, and when each must have decided. */
  readonly #undecided = new Map<Live, number>()
  readonly #revoked = new Map<string, number>()
  readonly #timer: Timer
  #lastId = 0
  #ticks = 0
  #draining: CloseCode | null = null

  constructor({ clock, limits, heartbeat, shares }: ConnectionRegistryParts) {
    this.clock = clock
    this.limits = limits
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
    return `c${this.#lastId.toString(36)}`
  }

  get draining(): boolean {
    return this.#draining !== null
  }

  add(connection: Live): void {
    this.#live.add(connection)
    if (this.#draining) connection.close(this.#draining)
  }

  addUndecided(connection: Live): void {
    this.#undecided.set(connection, this.clock.elapsed() + FIRST_MESSAGE.deadlineMs)
  }

  /** Makes it findable by who is behind it. False when that was revoked meanwhile. */
  identify(connection: Live): boolean {
    this.#undecided.delete(connection)
    const { session, user } = connection.identity
    if (session !== null) put(this.#sessions, session, connection)
    if (user !== null) put(this.#users, user, connection)
    if (this.#revoked.size === 0) return true
    return keysOf(connection).every((key) => this.#stillGood(key, connection.seat.provingSince))
  }

  remove(connection: Live): void {
    this.#live.delete(connection)
    this.#undecided.delete(connection)
    this.slowReaders.forget(connection)
    const { session, user } = connection.identity
    if (session !== null) take(this.#sessions, session, connection)
    if (user !== null) take(this.#users, user, connection)
  }

  /** Closes every connection of a session or user, and those just about to open. */
  revoke(revocation: Revocation): void {
    const key = keyOf(revocation)
    this.#remember(key)
    const found =
      'session' in revocation
        ? this.#sessions.get(revocation.session)
        : this.#users.get(revocation.user)
    for (const connection of each(found)) {
      if (keysOf(connection).includes(key)) connection.close(CLOSE.forced)
    }
  }

  /**
   * Closes all, spread so that they do not come back all at once, and ends within the window
   * whoever does not answer. Whoever comes meanwhile is closed at once.
   */
  async drain(code: CloseCode, { spreadMs, windowMs }: DrainTimes): Promise<void> {
    this.#draining = code
    const deadline = this.clock.elapsed() + windowMs
    const waiting = [...this.#live]
    const steps = Math.max(1, Math.floor(spreadMs / DRAIN_STEP_MS))
    const perStep = Math.max(DRAIN_STEP_MIN, Math.ceil(waiting.length / steps))
    while (waiting.length > 0) {
      for (const connection of waiting.splice(0, perStep)) connection.close(code)
      if (waiting.length > 0) await sleep(this.clock, DRAIN_STEP_MS)
    }
    while (this.#live.size > 0 && this.clock.elapsed() < deadline) {
      await sleep(this.clock, DRAIN_STEP_MS)
    }
    for (const connection of this.#live) connection.terminate()
  }

  stop(): void {
    this.#timer.cancel()
  }

  /** The map's order is that of time, so that it can be forgotten from the front. */
  #remember(key: string): void {
    this.#revoked.delete(key)
    this.#revoked.set(key, this.clock.elapsed())
  }

  #tick(): void {
    const elapsed = this.clock.elapsed()
    this.heartbeat.tick(this.clock.now())
    this.slowReaders.check(elapsed)
    this.#ticks += 1
    if (this.#ticks % SWEEP_TICKS === 0) this.shares.sweep(elapsed)
    for (const [connection, deadline] of this.#undecided) {
      if (deadline > elapsed) break
      connection.close(CLOSE.invalidCredentials)
    }
    for (const [key, at] of this.#revoked) {
      if (elapsed - at < REMEMBER_REVOKED_MS) break
      this.#revoked.delete(key)
    }
  }

  #stillGood(key: string, provingSince: number): boolean {
    const revokedAt = this.#revoked.get(key)
    return revokedAt === undefined || revokedAt < provingSince
  }
}

/** Whom a revocation means, as one word: ids of users and names of rooms have no spaces. */
function keyOf(revocation: Revocation): string {
  if ('session' in revocation) return `session ${revocation.session}`
  const { user, room } = revocation
  return room === undefined ? `user ${user}` : `user ${user} in ${room}`
}

/** Every key of a revocation that means this connection. */
function keysOf({ identity: { session, user }, roomName: room }: Live): string[] {
  const keys: string[] = []
  if (session !== null) keys.push(keyOf({ session }))
  if (user !== null) keys.push(keyOf({ user }))
  if (user !== null && room !== null) keys.push(keyOf({ user, room }))
  return keys
}

/** Most users have one connection, and a set for it would be a large part of what it costs. */
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
