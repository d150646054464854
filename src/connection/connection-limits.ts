// Seats of connections: how many there may be in all, per user and per address, and how many of
// them may be undecided. A seat is taken before the 101 and released when the connection ends.
import { NO_HOLDER, type OnDisplaced, Reached, type Share, type Shares } from '../engine/shares.ts'

export class ConnectionLimits {
  readonly #shares: Shares

  constructor(shares: Shares) {
    this.#shares = shares
  }

  get taken(): number {
    return this.#shares.held('connections')
  }

  /** How many users and addresses are counted, for tests of cleaning up. */
  get keys(): number {
    return this.#shares.holders('connections') + this.#shares.holders('pending')
  }

  /**
   * Takes a seat for a connection from this address, null for an exempt one, or with this server
   * key: 503 when full, 429 for the address. `elapsed` is the clock's `elapsed()`.
   */
  take(address: string | null, elapsed: number, server: string | null = null): Seat {
    const seat = this.tryTake(address, elapsed, server)
    if (seat instanceof Reached) throw seat.refusal
    return seat
  }

  /** As `take`, but what was reached is returned. */
  tryTake(address: string | null, elapsed: number, server: string | null): Seat | Reached {
    const share = this.#shares.take('connections', { user: null, address, server })
    return share instanceof Reached ? share : new Seat(this.#shares, share, elapsed)
  }
}

/** One seat. `release` may be called more than once. */
export class Seat {
  readonly #shares: Shares
  readonly #share: Share
  /**
   * The clock's `elapsed()` when proving the identity began, with the seat or with the first
   * message: an identity that was revoked since then must not be admitted.
   */
  provingSince: number
  #pending: Pending | null = null

  constructor(shares: Shares, share: Share, elapsed: number) {
    this.#shares = shares
    this.#share = share
    // V8 stores a whole number in the object itself, and a fraction beside it.
    this.provingSince = Math.floor(elapsed)
  }

  /** Null for an exempt address. */
  get address(): string | null {
    return this.#share.address
  }

  /**
   * Marks the connection undecided until its first message; 429 or 503 over the limits. From now on
   * the seat gives back the handshake of one that ends undecided: it counted for its address alone.
   */
  markPending(): void {
    this.#pending = new Pending(this.#shares, this.address)
  }

  /** Calls `close` when the undecided connection makes room for another; at once if it has. */
  whenDisplaced(close: OnDisplaced): void {
    this.#pending?.whenDisplaced(close)
  }

  /** What the undecided connection showed is being looked at: it makes room for no other now. */
  keepPending(): void {
    this.#pending?.share.keep()
  }

  /** What it showed was refused, and it is still open: it makes room again, as the newest. */
  offerPending(close: OnDisplaced): void {
    const former = this.#pending
    if (former === null) return
    former.share.release()
    this.#pending = new Pending(this.#shares, this.address, former.bytes)
    this.#pending.whenDisplaced(close)
  }

  /** Counts bytes that an undecided connection has sent ahead, or returns what was reached. */
  sentAhead(bytes: number): Reached | null {
    return this.#pending?.grow(bytes) ?? null
  }

  /** As `sentAhead`, of all that came so far: what is half of a frame is here too. */
  sentSoFar(bytes: number): Reached | null {
    const more = bytes - (this.#pending?.bytes ?? bytes)
    return more > 0 ? this.sentAhead(more) : null
  }

  /** Counts the seat for its user; 429 when that user has too many. Null without a user id. */
  assign(user: string | null): void {
    const reached = user === null ? null : this.#share.assign(user)
    if (reached !== null) throw reached.refusal
  }

  /** The connection is admitted. */
  decide(): void {
    this.#pending?.share.release()
    this.#pending = null
  }

  release(): void {
    if (this.#pending !== null) this.#shares.restore('handshakes')
    this.decide()
    this.#share.release()
  }
}

/** The share of an undecided connection, which has to make room where all are taken [C132]. */
class Pending {
  readonly share: Share
  /** Sent ahead, as far as it was counted. */
  bytes: number
  #close: OnDisplaced | null = null
  #displaced: Reached | null = null

  constructor(shares: Shares, address: string | null, bytes = 0) {
    const onDisplaced: OnDisplaced = (reached) => {
      this.#displaced = reached
      this.#close?.(reached)
    }
    this.bytes = bytes
    this.share = taken(shares.take('pending', { ...NO_HOLDER, address }, bytes, onDisplaced))
  }

  grow(bytes: number): Reached | null {
    const reached = this.share.grow(bytes)
    if (reached === null) this.bytes += bytes
    return reached
  }

  whenDisplaced(close: OnDisplaced): void {
    this.#close = close
    if (this.#displaced !== null) close(this.#displaced)
  }
}

function taken(share: Share | Reached): Share {
  if (share instanceof Reached) throw share.refusal
  return share
}
