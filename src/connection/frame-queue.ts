// Frames that came while an earlier frame is being decided: kept in order, within a bound.
import type { FrameBounds } from '../protocol/limits.ts'
import type { InboundFrame } from '../wire/wire-format.ts'

export class FrameQueue {
  readonly frames: InboundFrame[] = []
  #bytes = 0

  /** False when more frames wait than `bounds` allow. */
  push(frame: InboundFrame, { countMax, bytesMax }: FrameBounds): boolean {
    this.frames.push(frame)
    this.#bytes += frame.payload.length
    return this.frames.length <= countMax && this.#bytes <= bytesMax
  }

  /** Takes the oldest. */
  shift(): InboundFrame | null {
    const frame = this.frames.shift()
    if (frame === undefined) return null
    this.#bytes -= frame.payload.length
    return frame
  }
}
