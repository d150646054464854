// The newest idempotency keys, in memory and without objects: a million of them must neither make
// the garbage collector work nor be looked up on the disk for each new one.
import {
  answerIn,
  ENTRY_BYTES,
  ENTRY_WORDS,
  type First,
  type HashedKey,
  type KeyAnswer,
  placeOf,
  type Salt,
  wordsOf,
  writeEntry,
} from './key-entry.ts'

/** Entries that there is room for at first. */
const ROOM_MIN = 1_024
/** Twice as many slots as entries: a key is found near its place. */
const SLOTS_PER_ENTRY = 2

/** Entries in the order of their arrival, and a table with open addressing that finds them. */
export class KeyIndex {
  readonly #salt: Salt
  #words: Int32Array
  /** The number of an entry, counted from 1; 0 is a free slot. */
  #slots: Int32Array
  #size = 0

  /** With room for so many entries: to make more takes some 50 ms where there are a million. */
  constructor(salt: Salt, size = 0) {
    this.#salt = salt
    const room = roomFor(size, ROOM_MIN)
    this.#words = new Int32Array(room * ENTRY_WORDS)
    this.#slots = new Int32Array(room * SLOTS_PER_ENTRY)
  }

  get size(): number {
    return this.#size
  }

  /** The words of all entries, and of none after them. */
  get words(): Int32Array {
    return this.#words.subarray(0, this.#size * ENTRY_WORDS)
  }

  find(hashed: HashedKey): First | null {
    for (let slot = this.#slotOf(hashed, 0); ; slot = this.#after(slot)) {
      const number = this.#slots[slot] ?? 0
      if (number === 0) return null
      const first = answerIn(this.#words, (number - 1) * ENTRY_WORDS, hashed)
      if (first !== null) return first
    }
  }

  add(hashed: HashedKey, answer: KeyAnswer): void {
    this.#makeRoom(this.#size + 1)
    const at = this.#size * ENTRY_WORDS
    writeEntry(this.#words, at, hashed, answer)
    this.#size += 1
    this.#place(at, this.#size)
  }

  /** Adds entries that were read from the store. */
  addAll(keys: Uint8Array): void {
    const words = wordsOf(keys)
    const size = this.#size + words.length / ENTRY_WORDS
    this.#makeRoom(size)
    this.#words.set(words, this.#size * ENTRY_WORDS)
    this.#placeFrom(this.#size, size)
  }

  /** Entries as they stand in the store: a copy, without the first `from`. */
  keysFrom(from: number): Uint8Array {
    const { buffer } = this.#words
    return new Uint8Array(buffer, from * ENTRY_BYTES, (this.#size - from) * ENTRY_BYTES).slice()
  }

  /**
   * Removes all but the first `size` entries. They stand in the table in the order of their
   * arrival, so when the last goes first, each leaves it as it was before.
   */
  truncate(size: number): void {
    for (let number = this.#size; number > size; number -= 1) {
      let slot = this.#slotOf(this.#words, (number - 1) * ENTRY_WORDS)
      while (this.#slots[slot] !== number) slot = this.#after(slot)
      this.#slots[slot] = 0
    }
    this.#size = size
  }

  #makeRoom(size: number): void {
    const former = this.#words.length / ENTRY_WORDS
    if (size <= former) return
    const room = roomFor(size, former)
    const words = new Int32Array(room * ENTRY_WORDS)
    words.set(this.words)
    this.#words = words
    this.#slots = new Int32Array(room * SLOTS_PER_ENTRY)
    this.#placeFrom(0, this.#size)
  }

  #placeFrom(from: number, size: number): void {
    for (let number = from + 1; number <= size; number += 1) {
      this.#place((number - 1) * ENTRY_WORDS, number)
    }
    this.#size = size
  }

  #place(at: number, number: number): void {
    let slot = this.#slotOf(this.#words, at)
    while (this.#slots[slot] !== 0) slot = this.#after(slot)
    this.#slots[slot] = number
  }

  #slotOf(words: Int32Array, at: number): number {
    return Math.floor((placeOf(words, at, this.#salt) / 2 ** 32) * this.#slots.length)
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots.length ? 0 : slot + 1
  }
}

/** At least twice as much as it was, where that is too little. */
function roomFor(size: number, former: number): number {
  let room = former
  while (room < size) room *= 2
  return room
}
