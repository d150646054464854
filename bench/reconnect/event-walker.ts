// Walks over server-sent events as bytes: which offset each has, and whether it says something.
// Nothing is allocated for what only gets counted.
const LINE_END = 10
const COLON = 58
const ZERO = 48
/** First letters of the lines `id:`, `data:` and `event:`. */
const [ID, DATA, EVENT] = [105, 100, 101]

export class EventWalker {
  readonly #onEvent: (offset: number, kind: 'opens' | 'says' | 'other') => void
  /** The first letter of the line it is in; 0 at its beginning. */
  #first = 0
  #offset = -1
  #kind: 'opens' | 'says' | 'other' = 'opens'

  constructor(onEvent: (offset: number, kind: 'opens' | 'says' | 'other') => void) {
    this.#onEvent = onEvent
  }

  walk(bytes: Uint8Array, from: number, length: number): void {
    for (let at = from; at < length; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte === LINE_END) this.#lineEnds()
      else if (this.#first === 0) this.#lineBegins(byte)
      else if (this.#first === ID) {
        this.#offset = byte === COLON ? 0 : this.#offset * 10 + byte - ZERO
      }
    }
  }

  #lineBegins(byte: number): void {
    this.#first = byte
    if (byte === DATA && this.#kind === 'opens') this.#kind = 'says'
    else if (byte === EVENT) this.#kind = 'other'
  }

  /** An empty line ends an event; comments have no id. */
  #lineEnds(): void {
    if (this.#first !== 0) {
      this.#first = 0
      return
    }
    if (this.#offset >= 0) this.#onEvent(this.#offset, this.#kind)
    this.#offset = -1
    this.#kind = 'opens'
  }
}
