// A socket in memory: a test looks at what was written, and plays the reader.
import type { Socket } from '../../src/connection/socket.ts'

export class FakeSocket implements Socket {
  /** Everything that was written, piece by piece. */
  readonly written: Buffer[] = []
  /** Bytes that the reader has not taken yet. */
  bufferedBytes = 0
  bytesRead = 0
  takenBytes = 0
  /** While false everything that is written waits, as for a reader that takes nothing. */
  reads = true
  pings = 0
  readonly questions: number[] = []
  closedWith: { code: number; reason: string } | null = null
  terminated = false

  write(frames: Buffer): void {
    this.written.push(frames)
    if (this.reads) this.takenBytes += frames.length
    else this.bufferedBytes += frames.length
  }

  /** The reader takes this many bytes. */
  take(bytes: number): void {
    const taken = Math.min(bytes, this.bufferedBytes)
    this.bufferedBytes -= taken
    this.takenBytes += taken
  }

  /** The reader takes all that waits, and what comes. */
  readAll(): void {
    this.reads = true
    this.take(this.bufferedBytes)
  }

  /** The reader takes nothing from now on, and at least so many bytes wait for it. */
  stall(bytes: number): void {
    this.reads = false
    this.bufferedBytes = Math.max(this.bufferedBytes, bytes)
  }

  ping(): boolean {
    this.pings += 1
    return true
  }

  ask(question: number): boolean {
    this.questions.push(question)
    return true
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason }
  }

  terminate(): void {
    this.terminated = true
  }

  /** The texts of all frames so far; frames of more than 125 bytes are not for this. */
  get texts(): string[] {
    const bytes = Buffer.concat(this.written)
    const texts: string[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + 2 + bytes.readUInt8(at + 1)
      texts.push(bytes.toString('utf8', at + 2, end))
      at = end
    }
    return texts
  }
}
