// Frames that wait for one client: gathered in this turn and not written, or written and not yet
// taken by the operating system. The bounds are in `connection.ts` and `slow-readers.ts`.
import type { Socket } from './socket.ts'

/** Gathered frames are written before they are more than this. */
const GATHERED_BYTES_MAX = 262_144

/** Frames of several rooms, in order. */
interface Gathered {
  readonly frames: Buffer[]
  bytes: number
}

export class Outbox {
  readonly #socket: Socket
  /** One buffer as it is, and a list only for several: most turns bring one. */
  #gathered: Buffer | Gathered | null = null
  #written = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get bufferedBytes(): number {
    return bytesOf(this.#gathered) + this.#socket.bufferedBytes
  }

  /** Bytes of all frames that were ever given to the outbox. */
  get givenBytes(): number {
    return this.#written + bytesOf(this.#gathered)
  }

  /** Bytes that the operating system has taken. */
  get takenBytes(): number {
    return this.#written - this.#socket.bufferedBytes
  }

  /** Writes at once. False, and nothing written, when more than `bytesMax` would wait. */
  write(frames: Buffer, bytesMax: number): boolean {
    const waiting = this.bufferedBytes
    if (waiting > 0 && waiting + frames.length > bytesMax) return false
    if (this.#gathered !== null) this.flush()
    this.#write(frames)
    return true
  }

  /**
   * Keeps frames until `flush`, so that the frames of several rooms in one turn are one write.
   * False, and nothing kept, when more than `bytesMax` would wait.
   */
  gather(frames: Buffer, bytesMax: number): boolean {
    const waiting = this.bufferedBytes
    if (waiting > 0 && waiting + frames.length > bytesMax) return false
    if (bytesOf(this.#gathered) + frames.length > GATHERED_BYTES_MAX) this.flush()
    const gathered = this.#gathered
    if (gathered === null) {
      this.#gathered = frames
    } else if (Buffer.isBuffer(gathered)) {
      this.#gathered = { frames: [gathered, frames], bytes: gathered.length + frames.length }
    } else {
      gathered.frames.push(frames)
      gathered.bytes += frames.length
    }
    return true
  }

  /** Writes what was gathered, in one piece. Returns how many bytes. */
  flush(): number {
    const gathered = this.#gathered
    if (gathered === null) return 0
    this.#gathered = null
    const isOne = Buffer.isBuffer(gathered)
    const frames = isOne ? gathered : Buffer.concat(gathered.frames, gathered.bytes)
    this.#write(frames)
    return frames.length
  }

  #write(frames: Buffer): void {
    this.#socket.write(frames)
    this.#written += frames.length
  }
}

function bytesOf(gathered: Buffer | Gathered | null): number {
  if (gathered === null) return 0
  return Buffer.isBuffer(gathered) ? gathered.length : gathered.bytes
}
