// Worker entry: the thread that reads, so that a long page never delays a commit.
import { workerData } from 'node:worker_threads'
import { openForReading } from './file.ts'
import { prepareReads } from './identity-reads.ts'
import { messageReads } from './message-reads.ts'
import { releasedNameReads } from './released-names.ts'
import type { Operations } from './thread.ts'
import { runReads, serve } from './worker.ts'

serve(() => {
  const db = openForReading(workerData.path)
  const reads = { ...prepareReads(db), ...messageReads(db), ...releasedNameReads(db) }
  const operations = reads as unknown as Operations
  return {
    run: (calls) => runReads(db, operations, calls),
    close: () => db.close(),
  }
})
