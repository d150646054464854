// Where the messages with idempotency keys are, in memory and without objects: millions of keys
// must neither make the garbage collector work nor be looked up on the disk for each new one.

/**
 * The first bytes of a hash, held as a whole number. The caller compares the rest for each id that
 * is found.
 */
const HELD_BYTES = 6
const SLOTS_MIN = 1_024
/** The table doubles when a larger share of its slots is taken. */
const LOAD_MAX = 0.5
/** Marks a removed id: its slot stays taken, so that ids behind it are still found. */
const TAKEN_BACK = -1

/** Ids by hash, open addressing: id 0 is a free slot. */
export class KeyIndex {
  #hashes = new Float64Array(SLOTS_MIN)
  #ids = new Float64Array(SLOTS_MIN)
  #size = 0

  /** Counts removed ids too, until the table grows. */
  get size(): number {
    return this.#size
  }

  /** Every id that may have this hash. */
  *find(hash: Buffer): Iterable<number> {
    const held = hash.readUIntBE(0, HELD_BYTES)
    for (let seat = this.#slotOf(held); this.#ids[seat] !== 0; seat = this.#after(seat)) {
      const id = this.#ids[seat] ?? 0
      if (this.#hashes[seat] === held && id !== TAKEN_BACK) yield id
    }
  }

  /** `id` is positive. */
  add(hash: Buffer, id: number): void {
    if (this.#size >= this.#ids.length * LOAD_MAX) this.#double()
    this.#put(hash.readUIntBE(0, HELD_BYTES), id)
    this.#size += 1
  }

  remove(hash: Buffer, id: number): void {
    const held = hash.readUIntBE(0, HELD_BYTES)
    for (let seat = this.#slotOf(held); this.#ids[seat] !== 0; seat = this.#after(seat)) {
      if (this.#hashes[seat] === held && this.#ids[seat] === id) this.#ids[seat] = TAKEN_BACK
    }
  }

  #put(held: number, id: number): void {
    let seat = this.#slotOf(held)
    while (this.#ids[seat] !== 0) seat = this.#after(seat)
    this.#hashes[seat] = held
    this.#ids[seat] = id
  }

  #slotOf(held: number): number {
    return held % this.#ids.length
  }

  #after(seat: number): number {
    return seat + 1 === this.#ids.length ? 0 : seat + 1
  }

  #double(): void {
    const [hashes, ids] = [this.#hashes, this.#ids]
    this.#hashes = new Float64Array(ids.length * 2)
    this.#ids = new Float64Array(ids.length * 2)
    this.#size = 0
    for (const [seat, id] of ids.entries()) {
      if (id <= 0) continue
      this.#put(hashes[seat] ?? 0, id)
      this.#size += 1
    }
  }
}
