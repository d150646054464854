// Worker entry: the one thread that writes. It can read as well, because a database in memory
// belongs to one thread alone.
import { workerData } from 'node:worker_threads'
import { openStore } from './sqlite-file.ts'
import { messageReads } from './sqlite-message-reads.ts'
import { messageWrites } from './sqlite-message-writes.ts'
import { prepareReads } from './sqlite-reads.ts'
import { runInTransaction, serve } from './sqlite-serve.ts'
import type { Operations } from './sqlite-thread.ts'
import { prepareWrites } from './sqlite-writes.ts'

/**
 * What lives for seconds need not wait for the disk: it is a transaction, and survives the end of
 * this process; whoever loses power is back after the last of these has run out.
 */
const BRIEF = new Set(['issueTicket', 'redeemTicket', 'sweepTickets'])

serve(() => {
  const db = openStore(workerData.path)
  const { writes, onKept, onTakenBack } = messageWrites(db)
  const operations = {
    ...prepareWrites(db),
    ...writes,
    ...prepareReads(db),
    ...messageReads(db),
  } as unknown as Operations
  const total = db.prepare('SELECT total_changes() AS rows')
  const changes = (): number => Number(total.get()?.rows)
  let waitsForDisk = true
  return {
    run(calls) {
      const must = calls.some(([operation]) => !BRIEF.has(operation))
      if (must !== waitsForDisk) db.exec(`PRAGMA synchronous = ${must ? 'FULL' : 'NORMAL'}`)
      waitsForDisk = must
      return runInTransaction({ db, operations, changes, onKept, onTakenBack }, calls)
    },
    close: () => db.close(),
  }
})
