// The port that a room delivers to: what a room knows of a connection.
import type { Holder } from '../engine/shares.ts'
import type { Identity } from '../protocol/identity.ts'
import type { WireFormat } from '../wire/wire-format.ts'

/** Why a room cannot bring a member up to date. */
export type Failure = 'unavailable' | 'forbidden' | 'lost'

export interface Member {
  readonly id: string
  readonly identity: Identity
  /** Null for anonymous connections and for server keys. */
  readonly user: string | null
  /** Whom the history counts for that it reads. */
  readonly holder: Holder
  readonly format: WireFormat
  /** False when the member does not get its own messages. */
  readonly echo: boolean
  /**
   * Takes whole frames in the member's format. The buffer is shared with other members and MUST
   * NOT be changed. MUST NOT throw; the member may leave the room during the call.
   */
  deliver(frames: Buffer): void
  /** Bytes that were delivered and are not written to the network yet. */
  readonly bufferedBytes: number
  /** Pieces of its replay that it is not known to have read; 0 where its transport cannot tell. */
  readonly unreadPieces: number
  /** A piece of its replay ends here: its client is asked to tell when it has read so far. */
  endPiece(): void
  /**
   * The member cannot be brought up to date and leaves the room: the engine is unavailable, the
   * member may no longer join, or messages that it missed are gone and its format cannot say so.
   */
  fail(failure: Failure): void
}
