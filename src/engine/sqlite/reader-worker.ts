// Worker entry: the thread that reads, so that a long page never delays a commit.
import { workerData } from 'node:worker_threads'
import { openForReading } from './file.ts'
import { prepareReads } from './identity-reads.ts'
import { jobReads } from './job-reads.ts'
import { messageReads } from './message-reads.ts'
import { receiptReads } from './receipt-reads.ts'
import { roomListReads } from './room-list.ts'
import type { Operations } from './thread.ts'
import { runReads, serve } from './worker.ts'

serve(() => {
  const db = openForReading(workerData.path)
  const messages = { ...messageReads(db), ...roomListReads(db), ...receiptReads(db) }
  const reads = { ...prepareReads(db), ...messages, ...jobReads(db) }
  const operations = reads as unknown as Operations
  return {
    run: (calls) => runReads(db, operations, calls),
    close: () => db.close(),
  }
})
