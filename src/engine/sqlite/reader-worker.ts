// Worker entry: the thread that reads, so that a long page never delays a commit.
import { workerData } from 'node:worker_threads'
import { openForReading } from './sqlite-file.ts'
import { messageReads } from './sqlite-message-reads.ts'
import { prepareReads } from './sqlite-reads.ts'
import { runReads, serve } from './sqlite-serve.ts'
import type { Operations } from './sqlite-thread.ts'

serve(() => {
  const db = openForReading(workerData.path)
  const operations = { ...prepareReads(db), ...messageReads(db) } as unknown as Operations
  return {
    run: (calls) => runReads(db, operations, calls),
    close: () => db.close(),
  }
})
