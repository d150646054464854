// Frames that wait for one client: gathered in this turn and not written, or written and not yet
// taken by the operating system. Their bytes and their age are measured; the bounds are in
// `connection.ts` and `slow-readers.ts`.
import type { Socket } from './socket.ts'

/** Gathered frames are written before they are more than this. */
const GATHERED_BYTES_MAX = 262_144

/** Counts the bytes that were ever written, with a mark that tells how old the oldest one is. */
export class Outbox {
  readonly #socket: Socket
  /** One buffer as it is, and a list only for several: most turns bring one. */
  #gathered: Buffer | Buffer[] | null = null
  #gatheredBytes = 0
  #written = 0
  #mark = 0
  #markedAt = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get bufferedBytes(): number {
    return this.#gatheredBytes + this.#socket.bufferedBytes
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
    if (this.#gatheredBytes + frames.length > GATHERED_BYTES_MAX) this.flush()
    const gathered = this.#gathered
    if (gathered === null) this.#gathered = frames
    else if (Array.isArray(gathered)) gathered.push(frames)
    else this.#gathered = [gathered, frames]
    this.#gatheredBytes += frames.length
    return true
  }

  /** Writes what was gathered, in one piece. */
  flush(): void {
    const gathered = this.#gathered
    if (gathered === null) return
    const bytes = this.#gatheredBytes
    this.#gathered = null
    this.#gatheredBytes = 0
    this.#write(Array.isArray(gathered) ? Buffer.concat(gathered, bytes) : gathered)
  }

  /** Begins to measure age: the bytes that were given until now count as one piece. */
  mark(elapsed: number): void {
    this.#mark = this.#written + this.#gatheredBytes
    this.#markedAt = elapsed
  }

  /** Milliseconds that the oldest byte has waited at least; 0 when the marked piece is sent. */
  ageMs(elapsed: number): number {
    const sent = this.#written - this.#socket.bufferedBytes
    if (sent < this.#mark) return elapsed - this.#markedAt
    this.mark(elapsed)
    return 0
  }

  #write(frames: Buffer): void {
    this.#socket.write(frames)
    this.#written += frames.length
  }
}
