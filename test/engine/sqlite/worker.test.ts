// One transaction of the writing thread: whether it wrote, and what fails all of it.
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { BatchFault } from '../../../src/engine/sqlite/errors.ts'
import { prepareWrites } from '../../../src/engine/sqlite/identity-writes.ts'
import { MIGRATIONS, migrate } from '../../../src/engine/sqlite/schema.ts'
import type { Operations } from '../../../src/engine/sqlite/thread.ts'
import { runInTransaction, type WritingDatabase } from '../../../src/engine/sqlite/worker.ts'

function writing(t: Test, more: Partial<WritingDatabase> = {}) {
  const db = new DatabaseSync(':memory:')
  t.teardown(() => db.close())
  migrate(db, MIGRATIONS)
  const total = db.prepare('SELECT total_changes() AS rows')
  const seen: string[] = []
  const database: WritingDatabase = {
    db,
    operations: prepareWrites(db) as unknown as Operations,
    checkFiles: () => {},
    changes: () => Number(total.get()?.rows),
    onKept: () => seen.push('kept'),
    onTakenBack: () => seen.push('taken back'),
    ...more,
  }
  return { database, seen }
}

const PROBE = ['probe', { now: 1 }] as const
const NOTHING = ['sweepSessions', { now: 1, limit: 1 }] as const

t.test('a batch that wrote nothing says so, and a probe always writes', async (t) => {
  const { database } = writing(t)
  const idle = (calls: (typeof PROBE | typeof NOTHING)[]) =>
    t.match(runInTransaction(database, calls), { type: 'answers' }) &&
    (runInTransaction(database, calls) as { idle?: boolean }).idle
  t.equal(idle([NOTHING]), true)
  t.equal(idle([PROBE]), false)
  t.equal(idle([PROBE]), false, 'also at the same time of the clock')
  t.equal(idle([NOTHING, PROBE]), false)
})

t.test('[C200] nothing is begun when the files are gone', async (t) => {
  const checkFiles = () => {
    throw new BatchFault('usher.db is gone')
  }
  const { database, seen } = writing(t, { checkFiles })
  const failed = runInTransaction(database, [PROBE])
  t.same(failed, { type: 'failed', reason: 'SQLite could not keep it: usher.db is gone' })
  t.same(seen, ['taken back'])
})
