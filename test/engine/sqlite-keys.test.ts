// How many idempotency keys a store holds, and for how long.
import { DatabaseSync } from 'node:sqlite'
import { test } from 'tap'
import { claimOf, SqliteKeys } from '../../src/engine/sqlite-keys.ts'
import { MIGRATIONS, migrate } from '../../src/engine/sqlite-schema.ts'

const MINUTE_MS = 60_000

test('[C52] no key is forgotten early: when so many are held, no more are taken', async (t) => {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS)
  const keys = new SqliteKeys(db, 3)
  const add = (id: number, time: number) =>
    keys.add(claimOf(`k${id}`, 'text', Buffer.alloc(1)), { id, time })
  add(1, 0)
  add(2, MINUTE_MS)
  t.equal(keys.isFull(MINUTE_MS), false)
  add(3, MINUTE_MS)
  t.equal(keys.isFull(MINUTE_MS), true)
  t.equal(keys.isFull(5 * MINUTE_MS), true, 'the first one still holds')
  t.equal(keys.isFull(6 * MINUTE_MS), false, 'and is forgotten though none was added')
  add(4, 6 * MINUTE_MS)
  t.equal(keys.isFull(6 * MINUTE_MS), true)
})
