// The files of a store that is open for writing, as they stand in their folder: whether they are
// still there, and how large the write-ahead log is. SQLite itself would go on writing into files
// that were deleted, and its log keeps the size that it once had.
import { type Stats, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../time/clock.ts'
import { BatchFault } from './errors.ts'
import { WAL_BYTES } from './file.ts'

/** A look costs as much as some messages: not before each commit. */
const LOOK_MS = 100

/** Its time-out for a lock holds for a checkpoint too, which would wait for readers. */
const AT_ONCE = 'PRAGMA busy_timeout = 0'
const TRUNCATE = 'PRAGMA wal_checkpoint(TRUNCATE)'

export class OpenFiles {
  readonly #clock: Clock
  readonly #log: string
  readonly #opened: readonly [path: string, stats: Stats | undefined][]
  #lookAt = 0

  /** MUST be made when the database at this path has been opened, with its log. */
  constructor(path: string, clock: Clock) {
    this.#clock = clock
    this.#log = `${path}-wal`
    this.#opened = [path, this.#log].map((file) => [file, statsOf(file)])
  }

  /**
   * Looks about every 100 ms, and each time while they are gone.
   * @throws BatchFault when they are not the files that were opened
   */
  check(): void {
    const now = this.#clock.elapsed()
    if (now < this.#lookAt) return
    for (const [file, opened] of this.#opened) {
      const found = statsOf(file)
      if (found?.ino !== opened?.ino || found?.dev !== opened?.dev) {
        throw new BatchFault(`${file} is gone: put it back, or start with a backup`)
      }
    }
    this.#lookAt = now + LOOK_MS
  }

  /**
   * Makes a log of more than `most` bytes empty, if no reader needs it and no other program is in
   * the way: waits for none of them. MUST NOT be called in a transaction.
   */
  shrinkLog(db: DatabaseSync, most: number = WAL_BYTES): void {
    if ((statsOf(this.#log)?.size ?? 0) <= most) return
    const waiting = Number(db.prepare('PRAGMA busy_timeout').get()?.timeout)
    db.exec(AT_ONCE)
    try {
      db.exec(TRUNCATE)
    } catch {
      // The next commit has the same trouble, and tells of it.
    } finally {
      db.exec(`PRAGMA busy_timeout = ${waiting}`)
    }
  }
}

function statsOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false })
}
