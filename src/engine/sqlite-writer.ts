// Worker entry: the one thread that writes. It can read as well, because a database in memory
// belongs to one thread alone.
import { workerData } from 'node:worker_threads'
import { openStore } from './sqlite-file.ts'
import { prepareReads } from './sqlite-reads.ts'
import { runInTransaction, serve } from './sqlite-serve.ts'
import { prepareWrites } from './sqlite-writes.ts'

serve(() => {
  const db = openStore(workerData.path)
  const operations = { ...prepareWrites(db), ...prepareReads(db) }
  return {
    run: (calls) => runInTransaction(db, operations, calls),
    close: () => db.close(),
  }
})
