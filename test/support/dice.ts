// Seeded random numbers: input number `index` of a seed is the same every time, whatever was drawn
// before it.

export class Dice {
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor(seed: number, index: number) {
    this.#a = seed | 0
    this.#b = index | 0
    this.#c = (seed ^ 0x9e3779b9) | 0
    for (let round = 0; round < 12; round += 1) this.#next()
  }

  /** A whole number from 0 up to, and without, `end`. */
  below(end: number): number {
    return Math.floor((this.#next() / 4_294_967_296) * end)
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value
  }

  /** Small numbers often, large ones seldom. */
  length(max: number): number {
    return this.below(1 + this.below(1 + this.below(max + 1)))
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let at = 0; at < count; at += 1) bytes[at] = this.below(256)
    return bytes
  }

  /** sfc32, from PractRand by Chris Doty-Humphrey, in the public domain. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }
}
