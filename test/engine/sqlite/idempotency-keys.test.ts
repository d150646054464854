// How many idempotency keys a store keeps, for how long, and where: in a store without an engine
// around it.
import { DatabaseSync } from 'node:sqlite'
import { type Test, test } from 'tap'
import { type KeyBounds, SqliteKeys } from '../../../src/engine/sqlite/idempotency-keys.ts'
import { hashKey } from '../../../src/engine/sqlite/key-entry.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'
import { MIGRATIONS, migrate } from '../../../src/engine/sqlite/schema.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BODY = Buffer.from('x')
/** Few enough that some hundred keys are many runs. */
const SMALL = { most: null, reserve: 0, runKeys: 100 }

class Store {
  readonly db = new DatabaseSync(':memory:')
  bounds: KeyBounds
  keys: SqliteKeys

  constructor(t: Test, bounds: KeyBounds = SMALL) {
    t.teardown(() => this.db.close())
    migrate(this.db, MIGRATIONS)
    this.bounds = bounds
    this.keys = new SqliteKeys(this.db, bounds)
  }

  /** Opens it again, as the next process does. */
  reopen(): void {
    this.keys = new SqliteKeys(this.db, this.bounds)
  }

  /** Runs it in a transaction that is kept or taken back. */
  commit(run: () => void, isKept = true): void {
    this.db.exec('BEGIN')
    run()
    this.db.exec(isKept ? 'COMMIT' : 'ROLLBACK')
    if (isKept) this.keys.settle()
    else this.keys.takeBack()
  }

  add(numbers: readonly number[]): void {
    for (const offset of numbers) {
      this.keys.add(hashKey(`k${offset}`, 'text', BODY), { offset, time: offset, generation: 0 })
    }
    this.keys.log()
  }

  /** Tends the keys until there is nothing to do, after the store was open for so long. */
  tend(openMs: number): number {
    let slices = 0
    // The newest keys may become a run when a slice is on disk: the next one writes it.
    for (let idle = 0; idle < 2; slices += 1) {
      this.commit(() => {
        idle = this.keys.tend({ openMs }) ? 0 : idle + 1
      })
    }
    return slices
  }

  /** Those of the numbers whose keys are found. */
  found(numbers: readonly number[]): number[] {
    return numbers.filter((n) => this.keys.find(hashKey(`k${n}`, 'text', BODY))?.offset === n)
  }

  count(table: string): number {
    return Number(this.db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
  }
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => i + from)

test('[C221] keys are found in memory, in runs on disk and after a start', async (t) => {
  const store = new Store(t)
  for (let from = 1; from <= 1_000; from += 40) {
    store.commit(() => store.add(upTo(40, from)))
    if (from % 200 === 1) store.tend(from)
  }
  t.same(store.found(upTo(1_100)), upTo(1_000), 'while a run is still to be written')
  store.tend(2_000)
  store.commit(() => store.add(upTo(40, 1_001)))
  t.same(store.found(upTo(1_100)), upTo(1_040))
  t.ok(store.count('key_runs') >= 4)
  const inLog = store.count('key_log')
  t.ok(inLog < 20 && inLog > 0, `${inLog} rows are left in the log`)
  store.reopen()
  t.same(store.found(upTo(1_100)), upTo(1_040))
  const { db, keys } = store
  t.equal(keys.find(hashKey('k7', 'text', Buffer.from('y')))?.same, false, 'another body is told')
  t.equal(db.prepare('SELECT sum(size) AS n FROM key_runs').get()?.n, 1_040 - 40 * inLog)
})

test('[C221] a key holds for 24 hours for which the store is open, not much longer', async (t) => {
  const store = new Store(t)
  store.commit(() => store.add(upTo(10)))
  store.tend(DAY_MS)
  t.same(store.found(upTo(10)), upTo(10))
  store.tend(DAY_MS + HOUR_MS)
  store.commit(() => store.add(upTo(10, 11)))
  store.tend(2 * DAY_MS - HOUR_MS)
  t.same(store.found(upTo(20)), upTo(20))
  store.tend(2 * DAY_MS + HOUR_MS)
  t.same(store.found(upTo(20)), upTo(10, 11))
  t.same([store.count('key_blocks'), store.count('key_runs')], [1, 1])
})

test('[C221] the time of the store goes on over restarts, and stands still between', async (t) => {
  const store = new Store(t)
  store.commit(() => store.add([1]))
  for (let hours = 0; hours < 40; hours += 8) {
    t.same(store.found([1]), [1], `after ${hours} hours`)
    store.tend(8 * HOUR_MS)
    store.reopen()
  }
  store.tend(8 * HOUR_MS)
  t.same(store.found([1]), [])
})

test('a transaction that was taken back has kept no key, and undone no work', async (t) => {
  const store = new Store(t)
  store.commit(() => store.add(upTo(60)))
  store.commit(() => store.add(upTo(60, 61)), false)
  t.same(store.found(upTo(120)), upTo(60))
  store.commit(() => store.add(upTo(60, 101)))
  const all = [...upTo(60), ...upTo(60, 101)]
  store.commit(() => store.keys.tend({ openMs: 1 }), false)
  t.same(store.found(all), all)
  t.equal(store.count('key_runs'), 0)
  store.tend(2)
  t.equal(store.count('key_runs'), 1)
  store.commit(() => store.keys.tend({ openMs: 2 * DAY_MS }), false)
  t.same(store.found(all), all)
  store.tend(2 * DAY_MS)
  t.same([store.found(all), store.count('key_runs'), store.count('key_log')], [[], 0, 0])
})

test('a run that was half written when the process ended is written again', async (t) => {
  const store = new Store(t, { ...SMALL, runKeys: 40_000 })
  for (let from = 1; from <= 40_000; from += 2_000) store.commit(() => store.add(upTo(2_000, from)))
  store.commit(() => t.equal(store.keys.tend({ openMs: 1 }), true))
  t.same([store.count('key_blocks'), store.count('key_runs')], [64, 0])
  store.commit(() => store.add(upTo(10, 50_001)))
  store.reopen()
  const some = [...upTo(100), ...upTo(100, 39_901), ...upTo(10, 50_001)]
  t.same(store.found(some), some)
  store.commit(() => store.add([60_001]))
  t.ok(store.tend(2) > 3)
  t.same([store.count('key_blocks'), store.count('key_runs')], [1_024, 1])
  t.same(store.found([...some, 60_001]), [...some, 60_001])
  t.equal(store.count('key_log'), 0)
})

test('[C222] no key is forgotten early: at the bound no more are taken', async (t) => {
  const store = new Store(t, { most: 250, reserve: 0, runKeys: 100 })
  for (const from of [1, 101]) store.commit(() => store.add(upTo(100, from)))
  store.tend(1)
  t.equal(store.keys.isFull(true), false)
  store.commit(() => store.add(upTo(50, 201)))
  t.equal(store.keys.isFull(true), true)
  store.reopen()
  t.equal(store.keys.isFull(true), true, 'they are counted after a start')
  store.tend(2 * DAY_MS)
  t.equal(store.keys.isFull(true), false, 'and no longer when they are gone')
})

test('[S43] the last tenth of the keys is for server keys', async (t) => {
  const store = new Store(t, { most: 10, reserve: 1 / 10 })
  for (let id = 1; id <= 9; id += 1) {
    t.equal(store.keys.isFull(false), false)
    store.commit(() => store.add([id]))
  }
  t.same([store.keys.isFull(false), store.keys.isFull(true)], [true, false])
})

test('[C221] keys that a former version kept with their messages are taken over', async (t) => {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS.slice(0, 9))
  db.exec(`
    INSERT INTO rooms (id, name, generation, newest, messages_max) VALUES (1, 'a', 3, 0, 9)`)
  const say = db.prepare(`
    INSERT INTO messages (id, room, "offset", time, kind, payload, key_hash, key_body)
    VALUES (:id, 1, :id, :time, 'text', x'78', :key, :body)`)
  const hashed = (id: number) => hashKey(`k${id}`, 'text', BODY)
  const timeOf = (id: number) => id * 1_000
  for (let id = 1; id <= 1_000; id += 1) {
    const words = Buffer.from(hashed(id).buffer)
    const keyed = { key: words.subarray(0, 16), body: words.subarray(16) }
    say.run({ id, time: timeOf(id), ...(id % 3 === 0 ? keyed : { key: null, body: null }) })
  }
  db.exec('DELETE FROM messages WHERE id % 7 = 0 OR id BETWEEN 600 AND 700')
  migrate(db, MIGRATIONS)
  for (const _ of ['the first time', 'once more']) {
    const keys = new SqliteKeys(db)
    const first = { offset: 999, time: timeOf(999), generation: 3, same: true }
    t.same(keys.find(hashed(999)), first)
    t.same(
      [996, 703, 702].map((id) => keys.find(hashed(id))?.offset),
      [996, undefined, 702],
    )
    t.same(
      [600, 3].map((id) => keys.find(hashed(id))),
      [null, null],
      'and no others',
    )
    db.exec('DELETE FROM messages')
  }
})

test('[C221] also those of rooms that began again before, over an update', async (t) => {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS.slice(0, 9))
  const key = JSON.stringify(['a', 'user u', 'k'])
  const words = Buffer.from(hashKey(key, 'text', BODY).buffer)
  db.exec(`
    UPDATE meta SET value = '7' WHERE name = 'generation';
    INSERT INTO rooms (id, name, generation, newest, messages_max) VALUES (1, 'a', 3, 0, 9);
    INSERT INTO messages (id, room, "offset", time, kind, payload, key_hash, key_body)
    VALUES (1, 1, 1, 5, 'text', x'78', x'${words.toString('hex', 0, 16)}',
            x'${words.toString('hex', 16)}')`)
  migrate(db, MIGRATIONS)
  const { writes } = messageWrites(db)
  const draft = { room: 'a', kind: 'text', payload: BODY, user: null, name: null, time: 9 } as const
  const rest = { retention: { messages: 9, ageMs: null }, holder: null, keyAddress: null }
  const { offset, repeats } = writes.keepMessages(pack([{ ...draft, ...rest, key }]))
  t.same([offset[0], repeats.get(0)?.time], [1, 5])
  t.match(repeats.get(0)?.epoch, /\.3$/)
})
