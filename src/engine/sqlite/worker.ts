// The thread side of SqliteThread: opens the database and answers batches, one by one.
import type { DatabaseSync } from 'node:sqlite'
import { parentPort } from 'node:worker_threads'
import { isStorageTrouble, reasonOf } from './errors.ts'
import type { Answer, Call, FromThread, Operations, ToThread } from './thread.ts'

/** A database that is open in this thread. */
export interface Service {
  run(calls: readonly Call[]): FromThread
  close(): void
}

/** Opens the service and serves the thread that started this one, until it says to close. */
export function serve(open: () => Service): void {
  const port = parentPort
  if (port === null) throw new Error('This file only runs as a worker thread of the engine.')
  const post = (message: FromThread) => port.postMessage(message)
  let service: Service
  try {
    service = open()
  } catch (error) {
    post({ type: 'refused', message: reasonOf(error) })
    return
  }
  port.on('message', (message: ToThread) => {
    if (message.type === 'batch') {
      post(service.run(message.calls))
      return
    }
    service.close()
    port.close()
  })
  post({ type: 'opened' })
}

/** The database of a thread that writes; what the thread holds in memory follows the two calls. */
export interface WritingDatabase {
  db: DatabaseSync
  operations: Operations
  /** Rows that were changed so far. */
  changes: () => number
  /** What was done since the last time is on disk. */
  onKept: () => void
  /** What was done since the last time has never been. */
  onTakenBack: () => void
}

/** Runs a batch in one transaction: answers after the commit, or keeps nothing of it. */
export function runInTransaction(writing: WritingDatabase, calls: readonly Call[]): FromThread {
  const { db, operations, changes, onKept, onTakenBack } = writing
  try {
    db.exec('BEGIN IMMEDIATE')
    const before = changes()
    const answers = calls.map((call) => answer(operations, call))
    const idle = changes() === before
    db.exec('COMMIT')
    onKept()
    return { type: 'answers', answers, idle }
  } catch (error) {
    // SQLite has already rolled back by itself after some errors.
    if (db.isTransaction) db.exec('ROLLBACK')
    onTakenBack()
    return { type: 'failed', reason: `SQLite could not keep it: ${reasonOf(error)}` }
  }
}

/** Runs a batch of reads on one state of the store, whatever is committed meanwhile. */
export function runReads(
  db: DatabaseSync,
  operations: Operations,
  calls: readonly Call[],
): FromThread {
  try {
    db.exec('BEGIN')
    return { type: 'answers', answers: calls.map((call) => answer(operations, call)) }
  } catch (error) {
    return { type: 'failed', reason: `SQLite could not read: ${reasonOf(error)}` }
  } finally {
    if (db.isTransaction) db.exec('COMMIT')
  }
}

/** Throws only what is wrong with the storage and so concerns every call of the batch. */
function answer(operations: Operations, [operation, args]: Call): Answer {
  try {
    const run = operations[operation]
    if (run === undefined) throw new Error(`There is no operation ${operation}.`)
    return { value: run(args as never) }
  } catch (error) {
    if (isStorageTrouble(error)) throw error
    return { error: reasonOf(error) }
  }
}
