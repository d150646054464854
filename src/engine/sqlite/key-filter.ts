// Says of a key that it is not in a set, without looking: a Bloom filter. A new key, as most are,
// need not be looked up on the disk.

/** With five looks at 16 bits per key it is wrong about one key in seven hundred. */
const BITS_PER_KEY = 16
const LOOKS = 5
const BITS_MIN = 1_024

export class KeyFilter {
  readonly bytes: Uint8Array
  /** The number of bits is a power of two. */
  readonly #mask: number

  /** Takes over what `bytes` of another filter was. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#mask = bytes.length * 8 - 1
  }

  /** Empty, for so many keys. */
  static of(size: number): KeyFilter {
    const bits = Math.max(BITS_MIN, 2 ** Math.ceil(Math.log2(size * BITS_PER_KEY)))
    return new KeyFilter(new Uint8Array(bits / 8))
  }

  /** Adds the key of the entry at word `at`. */
  add(words: Int32Array, at: number): void {
    for (let look = 0; look < LOOKS; look += 1) {
      const bit = this.#bitOf(words, at, look)
      this.bytes[bit >>> 3] = (this.bytes[bit >>> 3] ?? 0) | (1 << (bit & 7))
    }
  }

  /** False where the key at word `at` was not added. */
  mayHave(words: Int32Array, at: number): boolean {
    for (let look = 0; look < LOOKS; look += 1) {
      const bit = this.#bitOf(words, at, look)
      if (((this.bytes[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }

  /** Words that are not those which say where a key stands. */
  #bitOf(words: Int32Array, at: number, look: number): number {
    return ((words[at + 2] ?? 0) + look * ((words[at + 3] ?? 0) | 1)) & this.#mask
  }
}
