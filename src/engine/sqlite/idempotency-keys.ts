// The idempotency keys of rooms with history, in the writer thread: the newest in memory and in a
// log of their own, a row for each commit; older ones in runs on disk. A key holds whatever becomes
// of its message, which may be trimmed or redacted, and goes when its room is deleted: what begins
// in the room then has other keys.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { First, HashedKey, KeyAnswer, Salt } from './key-entry.ts'
import { KeyIndex } from './key-index.ts'
import { KeyRuns, type Run, type Writing } from './key-runs.ts'
import { takeOverKeys } from './keys-with-messages.ts'

/** How long a key holds at least, in milliseconds of the time of the store, which is coarse. */
export const KEY_HOLDS_MS = 86_400_000
const COARSE_MS = 60_000
/** When the newest keys become a run: so many in memory, or the first of them so old. */
const RUN_KEYS = 2 ** 20
const RUN_MS = KEY_HOLDS_MS / 2
/** Rows of the log that one slice deletes: some milliseconds of the writing thread. */
const LOG_SLICE = 128
/** How often the time of the store is written, while there are keys. */
const TIME_WRITTEN_MS = 60_000

/** How many keys there may be, and how many are in memory before they become a run. */
export interface KeyBounds {
  /** Null for any number. */
  readonly most: number | null
  /** The fraction of them that only server keys, and others without a quota, may have. */
  readonly reserve: number
  readonly runKeys?: number
}

export const ANY_NUMBER: KeyBounds = Object.freeze({ most: null, reserve: 0 })

export class SqliteKeys {
  readonly #bounds: Required<KeyBounds>
  readonly #salt: Salt
  readonly #runs: KeyRuns
  readonly #log: StatementSync
  readonly #clearLog: StatementSync
  readonly #writeTime: StatementSync
  #newest: KeyIndex
  /** The time of the store when the first of the newest keys came; null while there is none. */
  #since: number | null = null
  /** How many of the newest were there before the open transaction, and how many are in the log. */
  #settled = 0
  #logged = 0
  /** The number of the run that the newest keys will be. */
  #run: number
  /** Full of keys, on its way to the disk; and the run that the open transaction has completed. */
  #full: { index: KeyIndex; run: Pick<Run, 'run' | 'at'> } | null = null
  #writing: Writing | null = null
  #written: Run | null = null
  /** Whether the log may have rows of keys in runs; and the run that was deleted just now. */
  #logIsLong = true
  #removed: Run | null = null
  /**
   * The time of the store: how long it has been open, over all processes, in milliseconds. Keys
   * hold by it, so that no clock that is set makes one expire early; while no process has the store
   * open, it stands still.
   */
  #time: number
  #openedAt: number
  #timeWritten: number

  constructor(db: DatabaseSync, bounds: KeyBounds = ANY_NUMBER) {
    this.#bounds = { runKeys: RUN_KEYS, ...bounds }
    takeOverKeys(db)
    this.#salt = saltOf(db)
    this.#runs = new KeyRuns(db, this.#salt)
    this.#log = db.prepare('INSERT INTO key_log (run, at, keys) VALUES (?, ?, ?)')
    this.#clearLog = db.prepare(`
      DELETE FROM key_log WHERE run <= :written AND id IN
        (SELECT id FROM key_log ORDER BY id LIMIT ${LOG_SLICE})`)
    this.#writeTime = db.prepare("UPDATE meta SET value = :time WHERE name = 'store_ms'")
    this.#newest = new KeyIndex(this.#salt)
    this.#run = (this.#runs.newest?.run ?? 0) + 1
    this.#time = Number(metaOf(db, 'store_ms'))
    this.#load(db)
    this.#openedAt = this.#time
    this.#timeWritten = this.#time
  }

  #load(db: DatabaseSync): void {
    const rows = db.prepare('SELECT run, at, keys FROM key_log WHERE run >= ? ORDER BY id')
    for (const row of rows.iterate(this.#run)) {
      const { run, at, keys } = row as { run: number; at: number; keys: Uint8Array }
      this.#newest.addAll(keys)
      this.#since ??= at
      this.#run = run
      this.#time = Math.max(this.#time, at)
    }
    this.#time = Math.max(this.#time, this.#runs.newest?.at ?? 0)
    this.#settled = this.#newest.size
    this.#logged = this.#newest.size
  }

  /** What was answered to the first publish with this key, while the key holds. */
  find(hashed: HashedKey): First | null {
    return (
      this.#newest.find(hashed) ?? this.#full?.index.find(hashed) ?? this.#runs.find(hashed) ?? null
    )
  }

  /** Whether no further key may be held; no key is forgotten early to make room. */
  isFull(mayTakeReserve: boolean): boolean {
    const { most, reserve } = this.#bounds
    if (most === null) return false
    const held = this.#newest.size + (this.#full?.index.size ?? 0) + this.#runs.size
    return held >= most * (mayTakeReserve ? 1 : 1 - reserve)
  }

  /** `log` MUST be called in the same transaction. */
  add(hashed: HashedKey, answer: KeyAnswer): void {
    this.#newest.add(hashed, answer)
    this.#since ??= this.#time
  }

  /** Keeps the keys that were added. */
  log(): void {
    if (this.#logged === this.#newest.size) return
    this.#log.run(this.#run, this.#time, this.#newest.keysFrom(this.#logged))
    this.#logged = this.#newest.size
  }

  /** MUST be called when the transaction is on disk. */
  settle(): void {
    this.#settled = this.#newest.size
    if (this.#written !== null) {
      this.#runs.added(this.#written)
      this.#full = null
      this.#writing = null
      this.#written = null
      this.#logIsLong = true
    }
    if (this.#removed !== null) this.#runs.removed(this.#removed)
    this.#removed = null
    if (this.#full === null && this.#isDue()) this.#makeFull()
  }

  /** MUST be called when the transaction was taken back: what is in memory goes back too. */
  takeBack(): void {
    this.#newest.truncate(this.#settled)
    this.#logged = this.#settled
    if (this.#settled === 0) this.#since = null
    this.#writing?.startAgain()
    this.#written = null
    this.#removed = null
    this.#logIsLong = true
    this.#timeWritten = this.#openedAt
  }

  /**
   * Does a part of what is to be done: writes keys as a run, and deletes what is written or over.
   * True when there is more to do now. `openMs` is how long this process has had the store open.
   */
  tend({ openMs }: { openMs: number }): boolean {
    this.#time = Math.max(this.#time, this.#openedAt + Math.floor(openMs))
    const isUsed = this.#since !== null || this.#full !== null || this.#runs.oldest !== null
    if (isUsed && this.#time - this.#timeWritten >= TIME_WRITTEN_MS) {
      this.#writeTime.run({ time: String(this.#time) })
      this.#timeWritten = this.#time
    }
    return this.#write() || this.#shortenLog() || this.#expire()
  }

  #isDue(): boolean {
    if (this.#since === null) return false
    return this.#newest.size >= this.#bounds.runKeys || this.#time - this.#since >= RUN_MS
  }

  #makeFull(): void {
    this.#full = { index: this.#newest, run: { run: this.#run, at: this.#time } }
    this.#run += 1
    // A store that has filled one fills the next.
    this.#newest = new KeyIndex(this.#salt, this.#newest.size)
    this.#since = null
    this.#settled = 0
    this.#logged = 0
  }

  #write(): boolean {
    if (this.#full === null || this.#written !== null) return false
    const { index, run } = this.#full
    this.#writing ??= this.#runs.begin(index.words, run)
    if (this.#runs.write(this.#writing)) this.#written = this.#writing.run
    return true
  }

  /** Rows of the log stand in the order of their runs: those of runs on disk are the first. */
  #shortenLog(): boolean {
    if (!this.#logIsLong) return false
    const { changes } = this.#clearLog.run({ written: this.#runs.newest?.run ?? 0 })
    this.#logIsLong = Number(changes) === LOG_SLICE
    return this.#logIsLong
  }

  #expire(): boolean {
    const { oldest } = this.#runs
    if (oldest === null || this.#removed !== null) return false
    if (this.#time - oldest.at < KEY_HOLDS_MS + COARSE_MS) return false
    if (this.#runs.remove(oldest)) this.#removed = oldest
    return true
  }
}

function saltOf(db: DatabaseSync): Salt {
  const bytes = Buffer.from(metaOf(db, 'key_salt'), 'hex')
  // Odd, so that every bit of a hash counts.
  return { first: bytes.readInt32LE(0) | 1, second: bytes.readInt32LE(4) | 1 }
}

function metaOf(db: DatabaseSync, name: string): string {
  return String(db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.value)
}
