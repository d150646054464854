// Frames that wait for one client: gathered in this turn and not written, or written and not yet
// taken by the operating system. The bounds are in `connection.ts` and `slow-readers.ts`.
import type { Socket } from './socket.ts'

/** Gathered frames are written before they are more than this. */
const GATHERED_BYTES_MAX = 262_144
/** Beyond so many bytes a copy of a buffer costs more than a write of its own. */
const COPIED_BYTES_MAX = 16_384

export class Outbox {
  readonly #socket: Socket
  /** What was gathered: one buffer as it is, and a list only when more follow. */
  #first: Buffer | null = null
  #all: Buffer[] | null = null
  #gatheredBytes = 0
  #written = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get bufferedBytes(): number {
    return this.#gatheredBytes + this.#socket.bufferedBytes
  }

  /** Whether something waits for `flush`. */
  get hasGathered(): boolean {
    return this.#first !== null
  }

  /** All that was ever given to it. */
  get givenBytes(): number {
    return this.#written + this.#gatheredBytes
  }

  /** All that has left for the system. */
  get takenBytes(): number {
    return this.#written - this.#socket.bufferedBytes
  }

  /** Writes at once. False, and nothing written, when more than `bytesMax` would wait. */
  write(frames: Buffer, bytesMax: number): boolean {
    const waiting = this.bufferedBytes
    if (waiting > 0 && waiting + frames.length > bytesMax) return false
    if (this.#first !== null) this.flush()
    this.#write(frames)
    return true
  }

  /**
   * Keeps frames until `flush`, so that what several rooms say in one turn is one write. False,
   * and nothing kept, when more than `bytesMax` would wait.
   */
  gather(frames: Buffer, bytesMax: number): boolean {
    const waiting = this.bufferedBytes
    if (waiting > 0 && waiting + frames.length > bytesMax) return false
    if (this.#gatheredBytes + frames.length > GATHERED_BYTES_MAX) this.flush()
    if (this.#first === null) this.#first = frames
    else if (this.#all === null) this.#all = [this.#first, frames]
    else this.#all.push(frames)
    this.#gatheredBytes += frames.length
    return true
  }

  /** Writes what was gathered, in one piece unless it is large. Returns how many bytes. */
  flush(): number {
    const first = this.#first
    if (first === null) return 0
    const bytes = this.#gatheredBytes
    const all = this.#all
    this.#first = null
    this.#all = null
    this.#gatheredBytes = 0
    if (all === null) this.#write(first)
    else if (bytes <= COPIED_BYTES_MAX * all.length) this.#write(Buffer.concat(all, bytes))
    else for (const frames of all) this.#write(frames)
    return bytes
  }

  #write(frames: Buffer): void {
    this.#socket.write(frames)
    this.#written += frames.length
  }
}
