// Where the messages with idempotency keys are, in memory and without objects: millions of keys
// must neither make the garbage collector work nor be looked up on the disk for each new one.

/** The part of a hash that is held, as a whole number; who finds an id compares the rest. */
const HELD_BYTES = 6
const SLOTS_MIN = 1_024
/** Beyond this part of the slots the table doubles. */
const LOAD_MAX = 0.5
/** An id that is no more: the slot stays, so that those behind it are still found. */
const TAKEN_BACK = -1

/** Ids by hash, open addressing: id 0 is a free slot. */
export class KeyIndex {
  #hashes = new Float64Array(SLOTS_MIN)
  #ids = new Float64Array(SLOTS_MIN)
  #size = 0

  /** With those that were taken back, until the table grows. */
  get size(): number {
    return this.#size
  }

  /** Every id that may have this hash. */
  *find(hash: Buffer): Iterable<number> {
    const held = hash.readUIntBE(0, HELD_BYTES)
    for (let slot = this.#slotOf(held); this.#ids[slot] !== 0; slot = this.#after(slot)) {
      const id = this.#ids[slot] ?? 0
      if (this.#hashes[slot] === held && id !== TAKEN_BACK) yield id
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
    for (let slot = this.#slotOf(held); this.#ids[slot] !== 0; slot = this.#after(slot)) {
      if (this.#hashes[slot] === held && this.#ids[slot] === id) this.#ids[slot] = TAKEN_BACK
    }
  }

  #put(held: number, id: number): void {
    let slot = this.#slotOf(held)
    while (this.#ids[slot] !== 0) slot = this.#after(slot)
    this.#hashes[slot] = held
    this.#ids[slot] = id
  }

  #slotOf(held: number): number {
    return held % this.#ids.length
  }

  #after(slot: number): number {
    return slot + 1 === this.#ids.length ? 0 : slot + 1
  }

  #double(): void {
    const [hashes, ids] = [this.#hashes, this.#ids]
    this.#hashes = new Float64Array(ids.length * 2)
    this.#ids = new Float64Array(ids.length * 2)
    this.#size = 0
    for (const [slot, id] of ids.entries()) {
      if (id <= 0) continue
      this.#put(hashes[slot] ?? 0, id)
      this.#size += 1
    }
  }
}
