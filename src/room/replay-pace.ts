// How much of a replay a member is given at a time. The buffers of the system on both sides hide
// from us for minutes that a slow client reads, so a member is given little ahead of what it is
// known to have read: pieces begin small, as TCP itself begins, and grow while it is fast.
import { type Clock, sleep } from '../time/clock.ts'
import { JOIN_BYTES_MAX } from './fan-out/group.ts'
import type { Member } from './member.ts'

/** The least, and the first: a client that reads so much in `pongSeconds` is known to live. */
const PIECE_BYTES_MIN = 16_384
/** A member that takes its turn within the one time is fast, and after the other slow. */
const FAST_MS = 1_000
const SLOW_MS = 4_000
/** A member that has to wait is looked at after so long, and then less and less often. */
const RECHECK_MS = 20
const RECHECK_MS_MAX = 320
/** A client that has never answered for so long does not answer pings: it is not asked again. */
const UNANSWERED_MS = 15_000

export class ReplayPace {
  readonly #member: Member
  readonly #clock: Clock
  #pieceBytes = PIECE_BYTES_MIN
  #pieces = 0
  /** Whether the member tells what it has read. */
  #tells = true
  #hasTold = false

  constructor(member: Member, clock: Clock) {
    this.#member = member
    this.#clock = clock
  }

  /** How many bytes the next piece has at most, unless one message has more. */
  get pieceBytes(): number {
    return this.#pieceBytes
  }

  /** Gives the next piece. Between two pieces the member is asked what it has read. */
  give(piece: Buffer): void {
    if (this.#pieces > 0 && this.#tells) this.#member.endPiece()
    this.#pieces += 1
    this.#member.deliver(piece)
  }

  /** Whether the member takes no further piece now. One piece may be on its way to it. */
  get isBehind(): boolean {
    const { bufferedBytes, unreadPieces } = this.#member
    return bufferedBytes > 0 || (this.#tells && unreadPieces > 0)
  }

  /** Resolves when the member takes a further piece, or when `isOver`. */
  async turn(isOver: () => boolean): Promise<void> {
    // What was gathered in this turn is written at its end.
    if (this.isBehind) await new Promise<void>((done) => this.#clock.endOfTurn(done))
    const since = this.#clock.elapsed()
    const unread = this.#member.unreadPieces
    for (let ms = RECHECK_MS; !isOver() && this.isBehind; ms *= 2) {
      await sleep(this.#clock, Math.min(ms, RECHECK_MS_MAX))
      if (this.#member.unreadPieces < unread) this.#hasTold = true
      const waited = this.#clock.elapsed() - since
      if (!this.#hasTold && waited >= UNANSWERED_MS) this.#tells = false
    }
    // The first question stands behind the first piece.
    if (this.#pieces > 1) this.#learn(this.#clock.elapsed() - since)
  }

  #learn(waitedMs: number): void {
    if (waitedMs >= SLOW_MS) this.#pieceBytes = PIECE_BYTES_MIN
    else if (waitedMs <= FAST_MS) {
      this.#pieceBytes = Math.min(this.#pieceBytes * 2, JOIN_BYTES_MAX)
    }
  }
}
