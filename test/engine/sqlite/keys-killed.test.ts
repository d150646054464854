// Idempotency keys after kill -9, wherever it meets the writing of a run.
import { join } from 'node:path'
import t from 'tap'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { SqliteKeys } from '../../../src/engine/sqlite/idempotency-keys.ts'
import { hashKey } from '../../../src/engine/sqlite/key-entry.ts'
import { startChild } from './child.ts'

const BODY = Buffer.from('x')
/** Keys of each process until it is killed: the middle of a run, and of the log being deleted. */
const KILLED_AFTER = [7_080, 7_500]

t.test('[C221] a key that was answered holds, wherever the process is killed', async (t) => {
  const path = join(t.testdir({}), 'usher.db')
  let first = 1
  for (const count of KILLED_AFTER) {
    const child = startChild(t, ['keep-keys.ts', path, String(first)])
    let answered = 0
    while (answered < first + count) answered = Number(await child.line())
    await child.kill()
    for (let line = await child.line(); line !== null; line = await child.line()) {
      answered = Number(line)
    }
    const db = openStore(path)
    const keys = new SqliteKeys(db)
    const isFound = (n: number) => keys.find(hashKey(`k${n}`, 'text', BODY))?.offset === n
    const missing = Array.from({ length: answered }, (_, i) => i + 1).filter((n) => !isFound(n))
    t.same(missing, [])
    const runs = db.prepare('SELECT count(*) AS n, sum(size) AS size FROM key_runs').get()
    t.comment(`${runs?.n} runs of ${runs?.size} keys, ${answered} answered`)
    const orphans = db.prepare(`
      SELECT count(*) AS n FROM key_blocks WHERE id >> 20 NOT IN (SELECT run FROM key_runs)`)
    t.equal(orphans.get()?.n, 0, 'nothing is left of a run that was half written')
    // The last commit may be on disk without its line.
    first = answered + 1
    while (isFound(first)) first += 1
    db.close()
  }
})
