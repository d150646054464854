// Commands as Redis reads them, one behind the other in a few large pieces of memory: no string, no
// list and no buffer is made for one of them.
import type { Argument } from './link.ts'

export type Command = readonly Argument[]

const PIECE_BYTES = 65_536
/** Before and after each argument: its length, and two ends of a line. */
const FRAME_BYTES_MAX = 16
const [LIST, STRING, ZERO, RETURN, NEW_LINE] = [42, 36, 48, 13, 10]

export class CommandBytes {
  #piece = Buffer.alloc(0)
  /** From where on the piece was not taken yet, and where it is written next. */
  #from = 0
  #at = 0
  #full: Buffer[] = []

  /** Whether nothing was added since `take`. */
  get isEmpty(): boolean {
    return this.#at === this.#from && this.#full.length === 0
  }

  add(command: Command): void {
    this.#makeRoom(command)
    this.#writeLength(LIST, command.length)
    for (const argument of command) {
      if (typeof argument === 'string') {
        this.#writeLength(STRING, Buffer.byteLength(argument))
        this.#at += this.#piece.write(argument, this.#at)
      } else {
        this.#writeLength(STRING, argument.length)
        this.#piece.set(argument, this.#at)
        this.#at += argument.length
      }
      this.#endLine()
    }
  }

  /** What was added since the last time. It does not change any more. */
  take(): readonly Buffer[] {
    this.#endPiece()
    const full = this.#full
    this.#full = []
    return full
  }

  #makeRoom(command: Command): void {
    let most = FRAME_BYTES_MAX
    for (const argument of command) {
      const bytes = typeof argument === 'string' ? argument.length * 3 : argument.length
      most += bytes + FRAME_BYTES_MAX
    }
    if (this.#at + most <= this.#piece.length) return
    this.#endPiece()
    this.#piece = Buffer.allocUnsafeSlow(Math.max(most, PIECE_BYTES))
    this.#from = 0
    this.#at = 0
  }

  #endPiece(): void {
    if (this.#at > this.#from) this.#full.push(this.#piece.subarray(this.#from, this.#at))
    this.#from = this.#at
  }

  #writeLength(kind: number, length: number): void {
    this.#piece[this.#at++] = kind
    if (length < 10) this.#piece[this.#at++] = ZERO + length
    else this.#at += this.#piece.write(String(length), this.#at, 'latin1')
    this.#endLine()
  }

  #endLine(): void {
    this.#piece[this.#at++] = RETURN
    this.#piece[this.#at++] = NEW_LINE
  }
}
