// Worker entry: the one thread that writes. It can read as well, because a database in memory
// belongs to one thread alone.
import { workerData } from 'node:worker_threads'
import { systemClock } from '../../time/system-clock.ts'
import { IN_MEMORY, openStore } from './file.ts'
import { prepareReads } from './identity-reads.ts'
import { prepareWrites } from './identity-writes.ts'
import { jobReads } from './job-reads.ts'
import { messageReads } from './message-reads.ts'
import { messageWrites } from './message-writes.ts'
import { OpenFiles } from './open-files.ts'
import { receiptReads } from './receipt-reads.ts'
import { releasedNameWrites } from './released-names.ts'
import { roomListReads } from './room-list.ts'
import type { Operations } from './thread.ts'
import { runInTransaction, serve } from './worker.ts'

serve(() => {
  const { path } = workerData
  const db = openStore(path)
  const { writes, onKept, onTakenBack } = messageWrites(db, workerData)
  const operations = {
    ...prepareWrites(db),
    ...writes,
    ...prepareReads(db),
    ...jobReads(db),
    ...releasedNameWrites(db),
    ...messageReads(db),
    ...roomListReads(db),
    ...receiptReads(db),
  } as unknown as Operations
  const total = db.prepare('SELECT total_changes() AS rows')
  const changes = (): number => Number(total.get()?.rows)
  const files = path === IN_MEMORY ? null : new OpenFiles(path, systemClock)
  const checkFiles = () => files?.check()
  const writing = { db, operations, checkFiles, changes, onKept, onTakenBack }
  let isIdle = false
  return {
    run(calls) {
      const result = runInTransaction(writing, calls)
      isIdle = result.type === 'answers' && result.idle === true
      return result
    },
    // Under load the log is begun again now and then, and shrinks by itself.
    afterwards: () => isIdle && files?.shrinkLog(db),
    close: () => db.close(),
  }
})
