// One process per data folder, held by an exclusive lock of the operating system. It dies with the
// process, even by kill -9, so there is no pid file that could be stale.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MessageChannel } from 'node:worker_threads'
import { type Clock, sleep } from '../../time/clock.ts'
import { makeFolder } from '../data-folder.ts'
import { EngineRefused, type OnWaiting } from '../engine.ts'
import { RESULT, reasonOf, resultOf } from './errors.ts'

const POLL_MS = 100

/** A folder that this process has locked. May be released twice. */
export interface FolderLock {
  release(): void
}

/**
 * Makes the folder if need be, and locks it for this process, waiting up to `waitMs` for another
 * process to release it (a predecessor that drains); `onWaiting` is told at once when it has to
 * wait. @throws EngineRefused when the folder is still locked then, or cannot be written
 */
export async function lockFolder(
  folder: string,
  waitMs: number,
  clock: Clock,
  onWaiting?: OnWaiting,
): Promise<FolderLock> {
  // Timers of a Clock do not keep a process alive, and at boot there may be nothing else yet.
  const alive = new MessageChannel().port1
  alive.ref()
  try {
    const deadline = clock.elapsed() + waitMs
    let lock = tryLock(folder)
    if (lock === null && waitMs > 0) onWaiting?.(waitingFor(folder, waitMs))
    while (lock === null) {
      if (clock.elapsed() >= deadline) throw taken(folder)
      await sleep(clock, POLL_MS)
      lock = tryLock(folder)
    }
    return lock
  } finally {
    alive.close()
  }
}

/**
 * SQLite does the locking, because Node offers no file locks of its own. No other code may open
 * `usher.lock`: closing any handle on it would drop the lock (POSIX, fcntl).
 */
function tryLock(folder: string): FolderLock | null {
  const db = new DatabaseSync(join(prepare(folder), 'usher.lock'), { open: false, timeout: 0 })
  try {
    db.open()
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    if (db.isOpen) db.close()
    if (resultOf(error) === RESULT.busy) return null
    throw unwritable(folder, error)
  }
  return {
    release() {
      if (db.isOpen) db.close()
    },
  }
}

function prepare(folder: string): string {
  try {
    makeFolder(folder)
    return folder
  } catch (error) {
    throw unwritable(folder, error)
  }
}

function waitingFor(folder: string, waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1_000)
  return (
    `The data folder ${folder} is in use by another Usher: ` +
    `this one waits up to ${seconds} s for that one to end.`
  )
}

function taken(folder: string): EngineRefused {
  return new EngineRefused(
    `The data folder ${folder} is in use by another Usher: only one process may use a folder. ` +
      'End that one, or name another folder in USHER_DATA.',
  )
}

function unwritable(folder: string, error: unknown): EngineRefused {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    return new EngineRefused(
      `The data folder ${folder} is no folder, or stands below a file (${reasonOf(error)}). ` +
        'Name another one in USHER_DATA.',
    )
  }
  return new EngineRefused(
    `The data folder ${folder} cannot be written (${reasonOf(error)}). ` +
      'Give this user the right to write there, or name another folder in USHER_DATA.',
  )
}
