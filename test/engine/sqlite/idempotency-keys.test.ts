// How many idempotency keys a store keeps, and for how long.
import { DatabaseSync } from 'node:sqlite'
import { test } from 'tap'
import { hashKey, SqliteKeys } from '../../../src/engine/sqlite/idempotency-keys.ts'
import { MIGRATIONS, migrate } from '../../../src/engine/sqlite/schema.ts'

const MINUTE_MS = 60_000

test('[C52] no key is forgotten early: at the bound no more are taken', async (t) => {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS)
  const keys = new SqliteKeys(db, 3)
  const add = (id: number, time: number) =>
    keys.add(hashKey(`k${id}`, 'text', Buffer.alloc(1)), { id, time })
  add(1, 0)
  add(2, MINUTE_MS)
  t.equal(keys.isFull(MINUTE_MS, true), false)
  add(3, MINUTE_MS)
  t.equal(keys.isFull(MINUTE_MS, true), true)
  t.equal(keys.isFull(5 * MINUTE_MS, true), true, 'the first one is still kept')
  t.equal(keys.isFull(6 * MINUTE_MS, true), false, 'and is forgotten though none was added')
  add(4, 6 * MINUTE_MS)
  t.equal(keys.isFull(6 * MINUTE_MS, true), true)
})

test('[S43] the last tenth of the keys is for server keys', async (t) => {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS)
  const keys = new SqliteKeys(db, 10)
  for (let id = 1; id <= 9; id += 1) {
    t.equal(keys.isFull(0, false), false)
    keys.add(hashKey(`k${id}`, 'text', Buffer.alloc(1)), { id, time: 0 })
  }
  t.same([keys.isFull(0, false), keys.isFull(0, true)], [true, false])
})

test('[C52] after a start the keys of the last minutes are kept, whatever has gone', async (t) => {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS)
  db.exec("INSERT INTO rooms (id, name, generation, newest, messages_max) VALUES (1, 'a', 1, 0, 9)")
  const say = db.prepare(`
    INSERT INTO messages (id, room, "offset", time, kind, payload, key_hash, key_body)
    VALUES (:id, 1, :id, :time, 'text', x'78', :key, :body)`)
  const hashed = (id: number) => hashKey(`k${id}`, 'text', Buffer.from('x'))
  const timeOf = (id: number) => id * 1_000
  for (let id = 1; id <= 1_000; id += 1) {
    const keyed = id % 3 === 0 ? { ...hashed(id) } : { key: null, body: null }
    say.run({ id, time: timeOf(id), ...keyed })
  }
  db.exec('DELETE FROM messages WHERE id % 7 = 0 OR id BETWEEN 600 AND 700')
  const keys = new SqliteKeys(db)
  const offsetOf = (id: number) => keys.find(hashed(id), timeOf(1_000))?.offset
  t.same([999, 996, 703, 702].map(offsetOf), [999, 996, undefined, 702])
  t.same([400, 399, 3].map(offsetOf), [undefined, undefined, undefined], 'and no others')
})
