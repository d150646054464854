// What can be said of a store without opening it as its process does.
import { existsSync, statSync } from 'node:fs'
import type { StoreFacts } from '../engine.ts'
import { openForCopying, storeIn } from './file.ts'
import { MIGRATIONS, versionOf } from './schema.ts'

/** The step of the schema that made the table of rooms. */
const HAS_ROOMS = 3

/**
 * Null where the folder has no store. Its Usher may run or not. @throws EngineRefused with a
 * sentence that says what to do, where a start would refuse it
 */
export function storeFacts(folder: string): StoreFacts | null {
  const path = storeIn(folder)
  if (!existsSync(path)) return null
  const db = openForCopying(path)
  try {
    const version = versionOf(db)
    const count = (table: 'rooms' | 'accounts') =>
      Number(db.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)
    return {
      ...{ version, latest: MIGRATIONS.length },
      bytes: sizeOf(path) + sizeOf(`${path}-wal`),
      rooms: version < HAS_ROOMS ? 0 : count('rooms'),
      accounts: count('accounts'),
    }
  } finally {
    db.close()
  }
}

/** In bytes; 0 also for a file that is not there. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
