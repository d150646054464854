// The write-ahead log gets small again, without a wait for those that use it.
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { OpenFiles } from '../../../src/engine/sqlite/open-files.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const MOST = 100_000

/** A database whose log has grown to some 400 KB. */
function grown(t: Test) {
  const path = `${t.testdir({})}/usher.db`
  const db = new DatabaseSync(path)
  t.teardown(() => db.close())
  db.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 1500; CREATE TABLE said (bytes)')
  const files = new OpenFiles(path, new ManualClock())
  for (let each = 0; each < 100; each += 1) db.exec('INSERT INTO said VALUES (zeroblob(2000))')
  const logBytes = () => statSync(`${path}-wal`).size
  t.ok(logBytes() > 4 * MOST)
  return { path, db, files, logBytes }
}

t.test('a log that is larger than it may stay is made empty', async (t) => {
  const { db, files, logBytes } = grown(t)
  const before = logBytes()
  files.shrinkLog(db, before)
  t.equal(logBytes(), before, 'as large as it may be')
  files.shrinkLog(db, MOST)
  t.equal(logBytes(), 0)
  t.equal(db.prepare('SELECT count(*) AS n FROM said').get()?.n, 100)
  t.equal(db.prepare('PRAGMA busy_timeout').get()?.timeout, 1_500)
})

t.test('a reader keeps its log, and is waited for by nothing', async (t) => {
  const { path, db, files, logBytes } = grown(t)
  const reader = new DatabaseSync(path, { readOnly: true })
  t.teardown(() => reader.isOpen && reader.close())
  reader.exec('BEGIN; SELECT * FROM said')
  const other = new DatabaseSync(path)
  t.teardown(() => other.close())
  db.exec('PRAGMA busy_timeout = 600000')
  other.exec('BEGIN IMMEDIATE')
  files.shrinkLog(db, MOST)
  other.exec('ROLLBACK')
  files.shrinkLog(db, MOST)
  t.ok(logBytes() > 4 * MOST)
  reader.exec('COMMIT')
  reader.close()
  files.shrinkLog(db, MOST)
  t.equal(logBytes(), 0)
})
