// The port that a room delivers to: a connection, as far as a room knows it.
import type { WireFormat } from '../wire/wire-format.ts'

export interface Member {
  readonly id: string
  /** Null for the anonymous and for server keys. */
  readonly user: string | null
  readonly format: WireFormat
  /** False when it does not want its own messages back. */
  readonly echo: boolean
  /**
   * Takes whole frames in the member's format. The buffer is shared with other members and MUST
   * NOT be changed. MUST NOT throw; it may leave the room.
   */
  deliver(frames: Buffer): void
  /** What was delivered and has not left yet. */
  readonly bufferedBytes: number
  /**
   * It cannot be brought up to now: the engine is away, it may no longer, or what it missed is
   * gone and its format has no words for that. It leaves the room.
   */
  fail(reason: 'unavailable' | 'forbidden' | 'lost'): void
}
