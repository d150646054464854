// Stores of version 9 and older had idempotency keys in the rows of their messages, for some
// minutes. Those that hold are taken over once, when such a store is opened for the first time.
import type { DatabaseSync } from 'node:sqlite'
import { hashedKey } from './key-entry.ts'
import { KeyIndex } from './key-index.ts'

/** How long such a message was kept for its key. */
const HELD_MS = 6 * 60_000
/** Rows of the log of keys have this many at most. */
const ROW_KEYS = 2_048
const NO_SALT = { first: 1, second: 1 }

interface KeyedRow {
  offset: number
  time: number
  generation: number
  key: Uint8Array
  body: Uint8Array
}

/** Does nothing in a store that has none, or of which they were taken over. */
export function takeOverKeys(db: DatabaseSync): void {
  const mark = "name = 'keys_with_messages'"
  if (db.prepare(`SELECT 1 FROM meta WHERE ${mark}`).get() === undefined) return
  db.exec('BEGIN IMMEDIATE')
  try {
    takeOver(db)
    db.exec(`DELETE FROM meta WHERE ${mark}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function takeOver(db: DatabaseSync): void {
  const log = db.prepare('INSERT INTO key_log (run, at, keys) VALUES (1, 0, ?)')
  const rows = db.prepare(`
    SELECT "offset", time, rooms.generation, key_hash AS key, key_body AS body
    FROM messages JOIN rooms ON rooms.id = messages.room
    WHERE messages.id >= ? AND key_hash IS NOT NULL ORDER BY messages.id`)
  let keys = new KeyIndex(NO_SALT)
  for (const one of rows.iterate(oldestId(db))) {
    const { key, body, ...answer } = one as unknown as KeyedRow
    keys.add(hashedKey(Buffer.from(key), Buffer.from(body)), answer)
    if (keys.size < ROW_KEYS) continue
    log.run(keys.keysFrom(0))
    keys = new KeyIndex(NO_SALT)
  }
  if (keys.size > 0) log.run(keys.keysFrom(0))
}

/** The id of the first message whose key may still hold; ids are roughly in the order of time. */
function oldestId(db: DatabaseSync): number {
  const last = db.prepare('SELECT id, time FROM messages ORDER BY id DESC LIMIT 1')
  const from = db.prepare('SELECT id, time FROM messages WHERE id >= ? ORDER BY id LIMIT 1')
  const newest = last.get() as { id: number; time: number } | undefined
  if (newest === undefined) return 0
  const since = newest.time - HELD_MS
  let [low, high] = [0, newest.id]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { id, time } = from.get(middle) as { id: number; time: number }
    if (time < since) low = id + 1
    else high = middle
  }
  return low
}
