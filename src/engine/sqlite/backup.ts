// A copy of a store as it was at one moment, taken while its Usher runs. The copy bears a mark: the
// process that opens it first gives it a new incarnation, so that no client takes it for the
// original.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { EngineRefused } from '../engine.ts'
import { reasonOf } from './errors.ts'
import { openForCopying, storeIn, syncFolder } from './file.ts'
import { markAsCopy } from './schema.ts'

/**
 * Pages per step: a step takes some milliseconds, and the process can be interrupted between two.
 */
const STEP_PAGES = 1_000

export interface Backup {
  /** The store's folder; its Usher may be running or not. */
  folder: string
  /** Where the copy goes; no file may be there yet. */
  file: string
}

/**
 * Resolves with the size of the copy in bytes when all of it is on the disk, readable by its owner
 * alone. Everything acknowledged before the call is in it. @throws EngineRefused with a sentence
 * that says what to do; no file is left then
 */
export async function backUp({ folder, file }: Backup): Promise<number> {
  const path = resolve(file)
  const store = openForCopying(storeIn(folder))
  try {
    claim(path)
    return await copy(store, path)
  } finally {
    store.close()
  }
}

/** Makes the file, empty, so that no other process writes there meanwhile. */
function claim(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw notWritten(path, error)
    throw new EngineRefused(`${path} is there already. Name another file, or remove that one.`)
  }
}

/** Copies to another name first: the file at `path` is empty until the copy is whole. */
async function copy(store: DatabaseSync, path: string): Promise<number> {
  const draft = `${path}.part`
  try {
    remove(draft)
    closeSync(openSync(draft, 'wx', 0o600))
    // One transaction over all steps: a commit between two of them would start the copy again.
    store.exec('BEGIN; SELECT count(*) FROM meta')
    await backup(store, draft, { rate: STEP_PAGES })
    finish(draft)
    renameSync(draft, path)
    syncFolder(dirname(path))
    return statSync(path).size
  } catch (error) {
    remove(draft)
    remove(path)
    throw error instanceof EngineRefused ? error : notWritten(path, error)
  }
}

/** Marks the copy, makes it one file without a log beside it, reads all of it, and syncs it. */
function finish(draft: string): void {
  const db = new DatabaseSync(draft)
  try {
    db.exec('PRAGMA journal_mode = DELETE')
    markAsCopy(db)
    const verdict = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check
    if (verdict !== 'ok') throw new Error(`what was copied is damaged: ${verdict}`)
  } finally {
    db.close()
  }
  const handle = openSync(draft, 'r+')
  fsyncSync(handle)
  closeSync(handle)
}

function remove(path: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

function notWritten(path: string, error: unknown): EngineRefused {
  return new EngineRefused(
    `${path} cannot be written: ${reasonOf(error)}. Check that its folder is there, that this ` +
      'user may write in it, and that the disk has room for another copy of the store.',
  )
}
