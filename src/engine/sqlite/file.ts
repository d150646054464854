// Opens the database file, and refuses one that is not Usher's, too new or damaged. A read-only
// connection looks first, so that a refused file is not changed by a byte.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EngineRefused } from '../engine.ts'
import { RESULT, reasonOf, resultOf } from './errors.ts'
import { APPLICATION_ID, MIGRATIONS, migrate, renewIfCopied, versionOf } from './schema.ts'
import { lacking, repair } from './schema-check.ts'

/** The path of a store that lives in memory and goes with its thread. */
export const IN_MEMORY = ':memory:'

/** Up to this size, in bytes, a file is checked through at every start. */
const CHECKED_MAX = 64 * 1024 * 1024

/** How long another program, say a shell, may hold a lock on the file while it is opened. */
const BUSY_MS = 5_000

/**
 * What the write-ahead log may keep of the disk once its content is in the database, in bytes:
 * twice what it has between two checkpoints.
 */
export const WAL_BYTES = 33_554_432

/**
 * A commit waits for a lock for 1.5 s: within 3 s those that it holds up are to be told. Every
 * commit is on disk before it is answered. Freed space is overwritten where that costs no
 * further write, so that redacted messages do not stay in the file. The cache is in KiB, the
 * checkpoint in pages; a log that grew behind a long read gets small again.
 */
const WRITING = `
  PRAGMA busy_timeout = 1500;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = FAST;
  PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = 4096;
  PRAGMA journal_size_limit = ${WAL_BYTES}`

/**
 * Offset of the write version in the file's header, and its value in a file without a write-ahead
 * log.
 */
const WRITE_VERSION = 18
const WITHOUT_LOG = 1

const OR_START_EMPTY = 'Restore it from a backup, or move it away to start with an empty store.'

/** The path of the store in a folder. */
export function storeIn(folder: string): string {
  return join(folder, 'usher.db')
}

/**
 * Opens a store for writing, made or brought up to date where needed.
 * @throws EngineRefused with a sentence that says what to do
 */
export function openStore(path: string): DatabaseSync {
  try {
    if (path !== IN_MEMORY) prepareFile(path)
    return openForWriting(path)
  } catch (error) {
    throw error instanceof EngineRefused ? error : refusal(path, error)
  }
}

/** Opens a store that `openStore` has opened before, for reading alone. */
export function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS })
}

/**
 * Opens a store for reading, in a process that may not be its Usher's.
 * @throws EngineRefused with a sentence that says what to do
 */
export function openForCopying(path: string): DatabaseSync {
  if (!existsSync(path)) {
    throw new EngineRefused(`There is no ${path}. Name the data folder in USHER_DATA.`)
  }
  try {
    inspect(path)
    return openForReading(path)
  } catch (error) {
    throw error instanceof EngineRefused ? error : refusal(path, error)
  }
}

function prepareFile(path: string): void {
  if (!existsSync(path)) create(path)
  refuseForeignLog(path)
  inspect(path)
  // SQLite would open a file that it may not write for reading, and fail only at the first commit.
  accessSync(path, constants.W_OK)
}

function openForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_MS })
  try {
    const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
    if (path !== IN_MEMORY && mode !== 'wal') throw noWal(path)
    db.exec(WRITING)
    repair(db)
    migrate(db, MIGRATIONS)
    renewIfCopied(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Makes the file under another name first, so that the file at `path` is never half made. */
function create(path: string): void {
  if (sizeOf(`${path}-wal`) > 0) {
    throw new EngineRefused(`${path} is missing, but ${path}-wal is there. ${OR_START_EMPTY}`)
  }
  const draft = `${path}.new`
  for (const suffix of ['', '-journal']) rmSync(draft + suffix, { force: true })
  closeSync(openSync(draft, 'wx', 0o600))
  const db = new DatabaseSync(draft)
  try {
    migrate(db, MIGRATIONS)
  } finally {
    db.close()
  }
  renameSync(draft, path)
  syncFolder(dirname(path))
}

/** Syncs the folder: only then does a new file name survive a loss of power. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

/**
 * SQLite would write the log of a former store over a backup that replaces it. A store has a log
 * only once its header says so (https://www.sqlite.org/fileformat.html#walformat), and the header
 * of a backup does not.
 */
function refuseForeignLog(path: string): void {
  if (sizeOf(`${path}-wal`) === 0 || headerOf(path)[WRITE_VERSION] !== WITHOUT_LOG) return
  throw new EngineRefused(
    `${path} was restored, but ${path}-wal is of the store before it. Move that file away, and ` +
      `${path}-shm with it.`,
  )
}

/**
 * MUST be called while SQLite in this process does not have the file open: closing the file drops
 * SQLite's locks.
 */
function headerOf(path: string): Buffer {
  const header = Buffer.alloc(100)
  const handle = openSync(path, 'r')
  readSync(handle, header)
  closeSync(handle)
  return header
}

function inspect(path: string): void {
  if (!statSync(path).isFile()) {
    throw new EngineRefused(`${path} is no file. Move it away, or name another data folder.`)
  }
  if (sizeOf(path) === 0) throw damaged(path, 'it is empty')
  const db = openForReading(path)
  try {
    checkOwner(db, path)
    checkWhole(db, path)
    checkTables(db, path)
  } finally {
    db.close()
  }
}

function checkOwner(db: DatabaseSync, path: string): void {
  const owner = db.prepare('PRAGMA application_id').get()?.application_id
  if (owner !== APPLICATION_ID) {
    throw new EngineRefused(
      `${path} belongs to another application. Move it away, or name another data folder.`,
    )
  }
  const version = versionOf(db)
  if (version > MIGRATIONS.length) {
    throw new EngineRefused(
      `${path} was written by a newer Usher (version ${version} of the store, this one knows ` +
        `${MIGRATIONS.length}). Start that Usher again, or restore a backup from before it.`,
    )
  }
}

function checkTables(db: DatabaseSync, path: string): void {
  const name = lacking(db)
  if (name === null) return
  const kind = name.includes('.') ? 'column' : 'table'
  throw new EngineRefused(
    `${path} lacks the ${kind} ${name}, which version ${versionOf(db)} of the store has: no ` +
      `released Usher made it. ${OR_START_EMPTY}`,
  )
}

function checkWhole(db: DatabaseSync, path: string): void {
  const size = sizeOf(path)
  const pageSize = Number(db.prepare('PRAGMA page_size').get()?.page_size)
  // SQLite reads a last page that was cut as if it ended in zeros. A crash can leave one too,
  // but then its content is still in the write-ahead log.
  if (size % pageSize !== 0 && sizeOf(`${path}-wal`) === 0) throw damaged(path, 'it was cut off')
  if (size > CHECKED_MAX) return
  const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (verdict !== 'ok') throw damaged(path, String(verdict).replaceAll('\n', ' '))
}

function refusal(path: string, error: unknown): EngineRefused {
  const reason = reasonOf(error)
  const result = resultOf(error)
  if (result === RESULT.corrupt) return damaged(path, reason)
  if (result === RESULT.notADatabase) {
    return new EngineRefused(
      `${path} is not a SQLite database. Move it away, or name another data folder.`,
    )
  }
  if (result === RESULT.busy) {
    return new EngineRefused(`${path} is in use by another program. End that, then start again.`)
  }
  return new EngineRefused(
    `${path} cannot be opened: ${reason}. Check the disk and its permissions.`,
  )
}

function damaged(path: string, reason: string): EngineRefused {
  return new EngineRefused(`${path} is damaged: ${reason}. ${OR_START_EMPTY}`)
}

function noWal(path: string): EngineRefused {
  return new EngineRefused(
    `${path} is on a file system without shared memory. Name a data folder on a local disk.`,
  )
}

/** In bytes; 0 also for a file that is not there. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
