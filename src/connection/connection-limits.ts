// Places at the door: how many connections there may be in all, per user and per address, and how
// many of them may be undecided. A place is taken before the 101 and given back at the end.
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Limits } from '../protocol/limits.ts'

type Bounds = Pick<
  Limits,
  | 'connections'
  | 'connectionsPerUser'
  | 'connectionsPerAddress'
  | 'pendingConnections'
  | 'pendingPerAddress'
>

/** Counts by key, without entries at zero. */
class Counts {
  readonly #counts = new Map<string, number>()

  get size(): number {
    return this.#counts.size
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  add(key: string, change: 1 | -1): void {
    const count = this.of(key) + change
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }
}

export class ConnectionLimits {
  readonly #bounds: Bounds
  readonly #users = new Counts()
  readonly #addresses = new Counts()
  readonly #pendingAddresses = new Counts()
  #taken = 0
  #pending = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get taken(): number {
    return this.#taken
  }

  /** How many maps entries are held, for tests of cleaning up. */
  get keys(): number {
    return this.#users.size + this.#addresses.size + this.#pendingAddresses.size
  }

  /** Takes a place for a connection from this address: 503 when full, 429 for the address. */
  take(address: string, elapsed: number): Seat {
    const { connections, connectionsPerAddress } = this.#bounds
    if (reached(this.#taken, connections)) refuseFull('connections', 'This server is full')
    if (reached(this.#addresses.of(address), connectionsPerAddress)) {
      refuseOften('connectionsPerAddress', 'Too many connections from here: close some first.')
    }
    this.#taken += 1
    this.#addresses.add(address, 1)
    return new Seat(this, address, elapsed)
  }

  /** For Slot alone. */
  takePending(address: string): void {
    const { pendingConnections, pendingPerAddress } = this.#bounds
    if (reached(this.#pending, pendingConnections)) {
      refuseFull('pendingConnections', 'Too many undecided connections')
    }
    if (reached(this.#pendingAddresses.of(address), pendingPerAddress)) {
      refuseOften(
        'pendingPerAddress',
        'Too many undecided connections from here: first decide some.',
      )
    }
    this.#pending += 1
    this.#pendingAddresses.add(address, 1)
  }

  /** For Slot alone. */
  givePending(address: string): void {
    this.#pending -= 1
    this.#pendingAddresses.add(address, -1)
  }

  /** For Slot alone. */
  takeUser(user: string): void {
    if (reached(this.#users.of(user), this.#bounds.connectionsPerUser)) {
      refuseOften('connectionsPerUser', 'Too many connections of this user: close some first.')
    }
    this.#users.add(user, 1)
  }

  /** For Slot alone. */
  give(address: string, user: string | null): void {
    this.#taken -= 1
    this.#addresses.add(address, -1)
    if (user !== null) this.#users.add(user, -1)
  }
}

/** One place. `release` may be called more than once. */
export class Seat {
  readonly #connectionLimits: ConnectionLimits
  readonly address: string
  /**
   * The clock's `elapsed()` when proving who it is began, with the place or with the first message:
   * what was revoked since then must not come in.
   */
  provingSince: number
  #user: string | null = null
  #pending = false
  #released = false

  constructor(connectionLimits: ConnectionLimits, address: string, elapsed: number) {
    this.#connectionLimits = connectionLimits
    this.address = address
    this.provingSince = elapsed
  }

  /** Marks it undecided until a first message says whose it is; 429 or 503 over the caps. */
  markPending(): void {
    this.#connectionLimits.takePending(this.address)
    this.#pending = true
  }

  /** Settles whose it is; 429 when that user has too many. Null for who has no user id. */
  assign(user: string | null): void {
    if (this.#released) return
    if (user !== null) this.#connectionLimits.takeUser(user)
    this.#user = user
    this.#decide()
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#decide()
    this.#connectionLimits.give(this.address, this.#user)
  }

  #decide(): void {
    if (this.#pending) this.#connectionLimits.givePending(this.address)
    this.#pending = false
  }
}

function reached(count: number, bound: number | null): boolean {
  return bound !== null && count >= bound
}

function refuseFull(limit: keyof Bounds, what: string): never {
  throw new Refusal(REPLY.unavailable, `${what}: try again in a few seconds.`, 5, limit)
}

function refuseOften(limit: keyof Bounds, sentence: string): never {
  throw new Refusal(REPLY.tooManyRequests, sentence, 5, limit)
}
