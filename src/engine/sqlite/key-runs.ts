// Idempotency keys that memory no longer holds, on disk: runs of about a million, each written once
// as a hash table, block by block, and deleted as a whole.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  answerIn,
  ENTRY_WORDS,
  type First,
  type HashedKey,
  placeOf,
  type Salt,
  wordsOf,
} from './key-entry.ts'
import { KeyFilter } from './key-filter.ts'

/** So that nearly every block is one page of the file, and a look-up reads one. */
const KEYS_PER_BLOCK = 64
/** The ids of a run's blocks begin with its number. */
const BLOCKS_MAX = 2 ** 20
/** Blocks that one slice writes or deletes: some milliseconds of the writing thread. */
const SLICE = 64

/** A run on disk, and what of it is in memory. */
export interface Run {
  readonly run: number
  /** The time of the store when its last key came. */
  readonly at: number
  readonly size: number
  readonly filter: KeyFilter
}

/** How many blocks a run of this size has: a power of two. */
function blocksOf(size: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(size / KEYS_PER_BLOCK)))
}

function blockOf(words: Int32Array, at: number, blocks: number, salt: Salt): number {
  return Math.floor((placeOf(words, at, salt) / 2 ** 32) * blocks)
}

export class KeyRuns {
  readonly #salt: Salt
  readonly #block: StatementSync
  readonly #writeBlock: StatementSync
  readonly #writeRun: StatementSync
  readonly #removeBlocks: StatementSync
  readonly #removeRun: StatementSync
  /** The oldest first. */
  #runs: Run[]
  #size: number

  constructor(db: DatabaseSync, salt: Salt) {
    this.#salt = salt
    this.#block = db.prepare('SELECT keys FROM key_blocks WHERE id = ?')
    this.#writeBlock = db.prepare('INSERT OR REPLACE INTO key_blocks (id, keys) VALUES (?, ?)')
    this.#writeRun = db.prepare(`
      INSERT INTO key_runs (run, at, size, filter) VALUES (:run, :at, :size, :filter)`)
    this.#removeBlocks = db.prepare(`
      DELETE FROM key_blocks WHERE id IN
        (SELECT id FROM key_blocks WHERE id >= :from AND id < :before ORDER BY id LIMIT ${SLICE})`)
    this.#removeRun = db.prepare('DELETE FROM key_runs WHERE run = ?')
    const rows = db.prepare('SELECT run, at, size, filter FROM key_runs ORDER BY run').all()
    this.#runs = (rows as unknown as (Omit<Run, 'filter'> & { filter: Uint8Array })[]).map(
      ({ filter, ...row }) => ({ ...row, filter: new KeyFilter(filter) }),
    )
    this.#size = this.#runs.reduce((sum, { size }) => sum + size, 0)
    // Of a run that was half written when the process ended; its keys are in the log.
    const after = ((this.newest?.run ?? 0) + 1) * BLOCKS_MAX
    db.prepare('DELETE FROM key_blocks WHERE id >= ?').run(after)
  }

  /** How many keys there are. */
  get size(): number {
    return this.#size
  }

  get oldest(): Run | null {
    return this.#runs[0] ?? null
  }

  get newest(): Run | null {
    return this.#runs.at(-1) ?? null
  }

  find(hashed: HashedKey): First | null {
    for (const run of this.#runs) {
      const first = run.filter.mayHave(hashed, 0) ? this.#look(run, hashed) : null
      if (first !== null) return first
    }
    return null
  }

  #look({ run, size }: Run, hashed: HashedKey): First | null {
    const block = blockOf(hashed, 0, blocksOf(size), this.#salt)
    const row = this.#block.get(run * BLOCKS_MAX + block) as { keys: Uint8Array } | undefined
    const words = row === undefined ? new Int32Array() : wordsOf(row.keys)
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      const first = answerIn(words, at, hashed)
      if (first !== null) return first
    }
    return null
  }

  /** Begins to write entries as a run: `KeyRuns.write` takes the next step. */
  begin(words: Int32Array, { run, at }: Pick<Run, 'run' | 'at'>): Writing {
    return new Writing(words, { run, at, salt: this.#salt })
  }

  /** Writes some blocks, and at last the run itself: then it is true, and `added` may be called. */
  write(writing: Writing): boolean {
    for (const { id, keys } of writing.nextBlocks()) this.#writeBlock.run(id, keys)
    if (!writing.isDone) return false
    const { filter, ...row } = writing.run
    this.#writeRun.run({ ...row, filter: filter.bytes })
    return true
  }

  /** MUST be called when a run is on disk. */
  added(run: Run): void {
    this.#runs.push(run)
    this.#size += run.size
  }

  /** Deletes some blocks of a run, and at last the run: then true, and `removed` may be called. */
  remove({ run }: Run): boolean {
    const from = run * BLOCKS_MAX
    const { changes } = this.#removeBlocks.run({ from, before: from + BLOCKS_MAX })
    if (Number(changes) === SLICE) return false
    this.#removeRun.run(run)
    return true
  }

  /** MUST be called when a run is gone from the disk. */
  removed({ run, size }: Run): void {
    this.#runs = this.#runs.filter((other) => other.run !== run)
    this.#size -= size
  }
}

/** Entries that are being written as a run. */
export class Writing {
  readonly run: Run
  readonly #words: Int32Array
  /** The entries by their blocks: those of block `b` stand from `#ends[b - 1]` to `#ends[b]`. */
  readonly #order: Uint32Array
  readonly #ends: Uint32Array
  #next = 0

  constructor(words: Int32Array, { salt, ...rest }: Pick<Run, 'run' | 'at'> & { salt: Salt }) {
    const size = words.length / ENTRY_WORDS
    this.run = { ...rest, size, filter: KeyFilter.of(size) }
    this.#words = words
    const blocks = blocksOf(size)
    const block = new Uint32Array(size)
    const starts = new Uint32Array(blocks + 1)
    for (let entry = 0; entry < size; entry += 1) {
      const number = blockOf(words, entry * ENTRY_WORDS, blocks, salt)
      block[entry] = number
      starts[number + 1] = (starts[number + 1] ?? 0) + 1
    }
    for (let number = 1; number <= blocks; number += 1) {
      starts[number] = (starts[number] ?? 0) + (starts[number - 1] ?? 0)
    }
    this.#order = new Uint32Array(size)
    for (let entry = 0; entry < size; entry += 1) {
      const number = block[entry] ?? 0
      const place = starts[number] ?? 0
      this.#order[place] = entry
      starts[number] = place + 1
    }
    this.#ends = starts.subarray(0, blocks)
  }

  get isDone(): boolean {
    return this.#next === this.#ends.length
  }

  /** MUST be called when a transaction was taken back: its blocks are written again. */
  startAgain(): void {
    this.#next = 0
  }

  *nextBlocks(): Iterable<{ id: number; keys: Uint8Array }> {
    const end = Math.min(this.#next + SLICE, this.#ends.length)
    for (; this.#next < end; this.#next += 1) {
      const keys = this.#keysOf(this.#next)
      if (keys.length > 0) yield { id: this.run.run * BLOCKS_MAX + this.#next, keys }
    }
  }

  #keysOf(block: number): Uint8Array {
    const from = this.#ends[block - 1] ?? 0
    const end = this.#ends[block] ?? 0
    const words = new Int32Array((end - from) * ENTRY_WORDS)
    for (let place = from; place < end; place += 1) {
      const source = (this.#order[place] ?? 0) * ENTRY_WORDS
      const target = (place - from) * ENTRY_WORDS
      this.run.filter.add(this.#words, source)
      for (let word = 0; word < ENTRY_WORDS; word += 1) {
        words[target + word] = this.#words[source + word] ?? 0
      }
    }
    return new Uint8Array(words.buffer, 0, words.length * 4)
  }
}
