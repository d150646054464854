// Worker entry: the one thread that writes. It can read as well, because a database in memory
// belongs to one thread alone.
import { workerData } from 'node:worker_threads'
import { openStore } from './file.ts'
import { prepareReads } from './identity-reads.ts'
import { prepareWrites } from './identity-writes.ts'
import { messageReads } from './message-reads.ts'
import { messageWrites } from './message-writes.ts'
import { releasedNameReads, releasedNameWrites } from './released-names.ts'
import type { Operations } from './thread.ts'
import { runInTransaction, serve } from './worker.ts'

serve(() => {
  const db = openStore(workerData.path)
  const { writes, onKept, onTakenBack } = messageWrites(db, workerData)
  const operations = {
    ...prepareWrites(db),
    ...writes,
    ...prepareReads(db),
    ...releasedNameReads(db),
    ...releasedNameWrites(db),
    ...messageReads(db),
  } as unknown as Operations
  const total = db.prepare('SELECT total_changes() AS rows')
  const changes = (): number => Number(total.get()?.rows)
  const writing = { db, operations, changes, onKept, onTakenBack }
  return {
    run: (calls) => runInTransaction(writing, calls),
    close: () => db.close(),
  }
})
